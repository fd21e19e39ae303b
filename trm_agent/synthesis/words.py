"""Word lists of the synthesiser: values people say, by kind, and words that tell kinds and verbs apart."""

from __future__ import annotations


def _split(text: str) -> tuple[str, ...]:
    return tuple(item.strip() for item in text.replace("\n", "|").split("|") if item.strip())


WORDS: dict[str, tuple[str, ...]] = {
    "city": _split(
        """Paris|London|New York|Tokyo|Berlin|Rome|Madrid|Oslo|Vienna|Lisbon|Dublin|Chicago|Boston|Seattle
        San Francisco|Los Angeles|Toronto|Vancouver|Sydney|Melbourne|Mumbai|Delhi|Bangalore|Shanghai|Beijing
        Hong Kong|Singapore|Seoul|Bangkok|Hanoi|Jakarta|Manila|Dubai|Cairo|Nairobi|Lagos|Cape Town|Istanbul
        Athens|Prague|Budapest|Warsaw|Krakow|Copenhagen|Stockholm|Helsinki|Amsterdam|Brussels|Zurich|Geneva
        Munich|Hamburg|Milan|Florence|Barcelona|Seville|Porto|Edinburgh|Manchester|Denver|Austin|Houston
        Dallas|Miami|Atlanta|Philadelphia|Phoenix|San Diego|Portland|Las Vegas|New Orleans|Nashville
        Salt Lake City|Mexico City|Lima|Bogota|Santiago|Buenos Aires|Rio de Janeiro|Sao Paulo|Havana
        Reykjavik|Kyoto|Osaka|Taipei|Kuala Lumpur|Tel Aviv|Casablanca|Marrakesh|Auckland|Perth|Fresno
        Santa Fe|Oakland|Tucson|Omaha|Leeds|Bristol|Lyon|Nice|Bordeaux|Turin|Naples|Leipzig|Dresden|Graz
        Salzburg"""
    ),
    "country": _split(
        """France|Germany|Italy|Spain|Portugal|Japan|China|India|Brazil|Argentina|Canada|Mexico
        the United States|USA|UK|United Kingdom|Ireland|Norway|Sweden|Finland|Denmark|Poland|Austria
        Switzerland|Greece|Turkey|Egypt|Kenya|Nigeria|South Africa|Morocco|Australia|New Zealand|South Korea
        Vietnam|Thailand|Indonesia|Peru|Chile|Colombia|Ghana"""
    ),
    "region": _split(
        """California|Texas|Bavaria|Tuscany|Provence|Scotland|Catalonia|Ontario|Queensland|the Midwest
        New England|Southeast Asia|Scandinavia|the Alps|Normandy|Andalusia|Florida|Kerala|Hokkaido|Patagonia
        the Bay Area|Midlands|Eastern Europe|the Middle East|Latin America|the Amazon basin|West Africa
        Oregon|Wales|Sicily|the Balkans"""
    ),
    "language": _split(
        """English|French|German|Spanish|Italian|Portuguese|Japanese|Chinese|Korean|Arabic|Hindi|Russian|Dutch
        Swedish|Polish|Turkish|Greek|Hebrew|Vietnamese|Thai|Finnish|Danish|Czech|Swahili|Mandarin|Catalan
        Ukrainian"""
    ),
    "programming_language": _split(
        """Python|Java|JavaScript|TypeScript|C++|Rust|Go|Ruby|Kotlin|Swift|PHP|Scala|Haskell|R"""
    ),
    "currency": _split("USD|EUR|GBP|JPY|CHF|CAD|AUD|INR|euros|US dollars|pounds|yen|Swiss francs|dollars|BRL|SEK"),
    "cuisine": _split(
        """Italian|Thai|Mexican|Indian|Japanese|Chinese|French|Greek|Lebanese|Korean|vegan|Ethiopian|tapas"""
    ),
    "food": _split(
        """pizza|sushi|lasagna|chicken curry|pad thai|tiramisu|caesar salad|mushroom risotto|pancakes|tomatoes
        rice|salmon|banana bread|beef stew|avocado|oat milk|dark chocolate|quinoa|lentil soup|fried eggs
        wheat|maize|soybeans|apples"""
    ),
    "genre": _split(
        """jazz|rock|hip hop|classical|pop|country|electronic|comedy|horror|drama|thriller|science fiction
        fantasy|mystery|romance|documentary|action|indie|blues|reggae|biography|animation"""
    ),
    "sport": _split(
        """football|basketball|tennis|soccer|baseball|swimming|cycling|golf|rugby|cricket|volleyball|boxing
        hockey"""
    ),
    "team": _split(
        """Real Madrid|Arsenal|the Lakers|Boston Celtics|Bayern Munich|Chicago Bulls|Juventus|New York Yankees
        Liverpool|Manchester United|Golden State Warriors|Ajax|Miami Heat|the Red Sox|Inter Milan
        Dallas Cowboys"""
    ),
    "animal": _split(
        """golden retriever|cat|dog|horse|elephant|dolphin|African grey parrot|goldfish|rabbit|humpback whale
        red fox|bee|dairy cow|snow leopard|sea turtle|guinea pig|penguin|barn owl|sheep|gray wolf|salmon
        monarch butterfly"""
    ),
    "plant": _split(
        """tomato|oak|sunflower|wheat|rose|maize|basil|orchid|bamboo|olive tree|lavender|fern|barley|cactus"""
    ),
    "color": _split(
        """red|blue|green|black|white|yellow|purple|orange|dark green|navy|light gray|pink|turquoise|beige|gold"""
    ),
    "gender": _split("male|female|woman|man|other|non-binary"),
    "disease": _split(
        """asthma|diabetes|influenza|malaria|migraine|hypertension|arthritis|pneumonia|dengue|eczema|anemia
        type 2 diabetes|lyme disease|bronchitis|tuberculosis|depression|a heart condition"""
    ),
    "symptom": _split(
        """headache|fever|cough|sore throat|chest pain|fatigue|nausea|back pain|dizziness|a skin rash
        joint pain"""
    ),
    "drug": _split(
        """ibuprofen|aspirin|amoxicillin|metformin|paracetamol|insulin|lisinopril|atorvastatin|penicillin
        warfarin"""
    ),
    "material": _split(
        """steel|aluminum|oak wood|concrete|copper|glass|carbon fiber|cotton|titanium|ceramic|plastic|marble"""
    ),
    "unit": _split(
        """meters|kilometers|miles|celsius|fahrenheit|kilograms|pounds|liters|hours|minutes|feet|kWh|percent
        kPa"""
    ),
    "season": _split("spring|summer|autumn|winter|fall"),
    "weekday": _split("Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday"),
    "month": _split("January|February|March|April|May|June|July|August|September|October|November|December"),
    "level": _split(
        """high|low|medium|beginner|advanced|intermediate|urgent|normal|expert|critical|moderate|severe|easy
        hard"""
    ),
    "status": _split("active|pending|completed|cancelled|open|closed|in progress|approved|shipped|on hold|draft"),
    "payment": _split(
        """credit card|PayPal|cash|bank transfer|debit card|Apple Pay|Visa|Mastercard|gift card|bitcoin"""
    ),
    "platform": _split(
        """Windows|Linux|macOS|Android|iOS|Instagram|YouTube|Facebook|Twitter|LinkedIn|TikTok|Steam|Twitch|web"""
    ),
    "department": _split(
        """sales|marketing|engineering|human resources|finance|legal|customer support|IT|procurement|R&D"""
    ),
    "industry": _split(
        """healthcare|retail|automotive|technology|banking|education|construction|agriculture|tourism|energy
        real estate|logistics|manufacturing|telecom|hospitality"""
    ),
    "category": _split(
        """electronics|clothing|books|sports|toys|furniture|groceries|music|politics|science|travel|kitchen"""
    ),
    "topic": _split(
        """climate change|machine learning|the French Revolution|healthy eating|black holes|time management
        electric cars|renewable energy|world war II|quantum computing|remote work|personal finance
        ancient Egypt|the stock market|mental health|photosynthesis|game theory|modern art|data privacy
        space travel|urban gardening|sleep hygiene"""
    ),
    "vehicle": _split(
        """Toyota Corolla|Tesla Model 3|Ford F-150|SUV|sedan|motorcycle|BMW X5|pickup truck|bicycle|van
        Honda Civic"""
    ),
    "hotel": _split(
        """Hilton|Grand Plaza|Hotel Bellevue|Marriott|Sunrise Inn|The Ritz|Sea View Resort|Hotel Adlon
        Park Hyatt"""
    ),
    "restaurant": _split(
        """Luigi's|Golden Dragon|The Blue Door|La Piazza|Burger Barn|Taco Palace|Sakura|Chez Marie|Corner Cafe"""
    ),
    "product": _split(
        """running shoes|iPhone 15|coffee machine|winter jacket|office chair|wireless headphones|yoga mat
        MacBook Air|electric kettle|desk lamp|Galaxy S23|backpack|air fryer|mechanical keyboard|Nikon D750
        phone case|garden hose"""
    ),
    "service": _split(
        """haircut|oil change|house cleaning|massage|dry cleaning|catering|car wash|pest control|room cleaning"""
    ),
    "task": _split(
        """buy milk|call the dentist|water the plants|pay the rent|send the invoice|pick up the kids
        clean the garage"""
    ),
    "event": _split(
        """team meeting|birthday party|yoga class|dentist appointment|product launch|jazz festival
        job interview|board meeting|charity gala|wedding reception|book club|parent teacher conference
        summer camp"""
    ),
    "song": _split(
        """Bohemian Rhapsody|Imagine|Hey Jude|Billie Jean|Hotel California|Shape of You|Rolling in the Deep
        Wonderwall|Smells Like Teen Spirit|Purple Rain|Yesterday|Midnight City|Dancing Queen|Thriller"""
    ),
    "movie": _split(
        """Inception|The Matrix|Titanic|Casablanca|Pulp Fiction|Toy Story|Parasite|The Godfather|Jurassic Park
        Amelie|Dune|Spirited Away|The Lion King|Interstellar|Back to the Future|Breaking Bad|The Crown"""
    ),
    "book": _split(
        """Pride and Prejudice|1984|Moby Dick|The Great Gatsby|Dune|Brave New World|The Hobbit|War and Peace
        Jane Eyre|To Kill a Mockingbird|The Alchemist|Frankenstein|Don Quixote"""
    ),
    "game": _split(
        """chess|Minecraft|Fortnite|Catan|Elden Ring|Tetris|Scrabble|The Sims 4|Stardew Valley|Poker|Overwatch
        FIFA 23"""
    ),
    "artist": _split(
        """Adele|The Beatles|Queen|Taylor Swift|Radiohead|Miles Davis|Beyonce|Mozart|Bob Dylan|Vincent van Gogh
        Frida Kahlo|Coldplay|Nina Simone|Ed Sheeran|Daft Punk|Claude Monet"""
    ),
    "company": _split(
        """Apple|Google|Microsoft|Amazon|Tesla|Toyota|Samsung|IBM|Netflix|Siemens|Nestle|Unilever|Sony|Nike
        IKEA|Boeing|Shell|Spotify|Acme Corp|Globex|Initech|Red Cross|Greenpeace|Oxfam"""
    ),
    "ticker": _split("AAPL|GOOGL|MSFT|AMZN|TSLA|NVDA|IBM|NFLX|META|BTC|ETH|SAP|TSM|DIS|INTC|BA"),
    "room": _split(
        """living room|kitchen|bedroom|bathroom|garage|office|hallway|basement|kids room|dining room|attic
        patio"""
    ),
    "device": _split(
        """thermostat|ceiling fan|desk lamp|router|smart speaker|security camera|coffee maker|printer|tablet|TV"""
    ),
    "style": _split(
        """minimalist|modern|formal|casual|vintage|watercolor|bold|playful|baroque|rustic|art deco|abstract"""
    ),
    "audience": _split(
        """teenagers|young adults|families|college students|small businesses|parents|seniors|beginners|gamers"""
    ),
    "size": _split("small|medium|large|extra large|XL|A4|king size|compact|full HD|1080p|queen"),
    "frequency": _split(
        """daily|weekly|monthly|every Monday|once a week|twice a day|every 3 hours|hourly|every two weeks"""
    ),
    "time_of_day": _split("morning|evening|afternoon|night|early morning|noon|midnight"),
    "range": _split("10-20|20-30|18 to 25|50 to 100|under 50|30-45|1 to 5|100-200|over 65|25-34"),
    "period": _split(
        """last month|last week|the last 30 days|this year|2010-2020|January to March|the past year|next week
        this week|the last 5 years|Q1 2023|next quarter|2015 to 2018|the 1990s|yesterday|last summer
        the 19th century|past 7 days"""
    ),
    "duration": _split(
        """2 hours|30 minutes|three days|one week|6 months|45 minutes|a year|10 days|90 seconds|two weeks
        an hour|4 years|15 minutes|half an hour|5 days|18 months"""
    ),
    "dimension": _split("10 cm|20x30|5 feet|1920x1080|12 inches|3 by 4 meters|2 m|100 x 50 mm|6 ft 2|8 by 10"),
    "dosage": _split("200 mg|500mg|two tablets|5 ml|10 units|one pill a day|50 mg twice a day|1 g"),
    "direction": _split("north|south|left|right|up|down|forward|east|west|northeast|clockwise|backward"),
    "weather": _split("sunny|rainy|cloudy|windy|snow|foggy|hot and humid|thunderstorm|clear skies"),
    "version": _split("1.0.2|2.3|v4.1|3.11|10.15.7|v2.0-beta|5.4.1|22.04|1.8"),
    "plan": _split(
        """basic|premium|gold|family plan|standard|enterprise|free trial|student|silver|comprehensive|pro"""
    ),
    "algorithm": _split(
        """random forest|k-means|gradient descent|linear regression|A*|Dijkstra|SHA-256|PageRank|neural network"""
    ),
    "religion": _split("Buddhism|Christianity|Islam|Hinduism|Judaism|Taoism|Sikhism|Zen"),
    "message": _split(
        """I'll be ten minutes late|see you tomorrow|the package has arrived|can we move the meeting to Friday?
        Happy birthday!|don't forget the tickets|please call me back|dinner is ready|I got the job
        thanks for your help|the server is down again|we are out of coffee|the movie was fantastic
        the delivery was late and the box was open|Let's meet at the usual place
        great service, would come again|the report is attached|it keeps crashing on startup
        the quick brown fox jumps over the lazy dog|knowledge is power|meeting moved to room 4
        my flight got delayed"""
    ),
    "reason": _split(
        """a family emergency|I found a better price|it arrived damaged|I am feeling sick|schedule conflict
        wrong size|vacation|changed my mind|business trip|the screen is cracked|it's too expensive
        medical leave|a power outage"""
    ),
    "query": _split(
        """best noise cancelling headphones|cheap flights to Rome|how to fix a leaking tap|vegan chocolate cake
        python list comprehension|jobs near me|history of the bicycle|used electric cars|home office ideas
        train strikes|symptoms of vitamin D deficiency|solar panel subsidies|open source licences
        dog friendly beaches"""
    ),
    "title": _split(
        """Road Trip Vibes|Morning Focus|The Art of Baking|Summer Nights|Project Phoenix|Weekend Plans
        Hidden Valleys|The Last Harbor|A Quiet Storm|Budget 2024|City of Glass|Ten Small Habits
        The Paper Moon|Blue Horizon|Team Offsite"""
    ),
    "thing": _split(
        """alpha|standard|default|Horizon|Delta 7|basic set|north wing|type B|Series 5|custom|main line|Orion
        group A|premium|second batch|Model T|Aurora|outdoor|mixed|hybrid|wide angle|Atlas|section 4|regular
        Nova|special edition|Pine Ridge"""
    ),
}
"""Kind → values as people type them."""

SPELLED: dict[str, str] = {
    "usd": "US dollars", "eur": "euros", "gbp": "British pounds", "jpy": "Japanese yen", "chf": "Swiss francs",
    "inr": "rupees", "cad": "Canadian dollars", "aud": "Australian dollars",
    "en": "English", "fr": "French", "de": "German", "es": "Spanish", "it": "Italian", "pt": "Portuguese",
    "ja": "Japanese", "zh": "Chinese", "nl": "Dutch", "ru": "Russian", "ko": "Korean",
    "inexpensive": "cheap", "expensive": "pricey", "asc": "ascending", "desc": "descending", "economy": "coach",
    "celsius": "degrees Celsius", "fahrenheit": "degrees Fahrenheit", "large": "big", "small": "little",
    "male": "a man", "female": "a woman", "vegetarian": "no meat", "km": "kilometers", "kg": "kilograms",
    "mi": "miles", "m": "meters", "lb": "pounds", "min": "minutes", "h": "hours",
}  # fmt: skip
"""An entry of a closed list, in lower case → how people say it."""

VERBS = frozenset(
    [
        "get",
        "retrieve",
        "fetch",
        "find",
        "search",
        "look",
        "list",
        "show",
        "check",
        "calculate",
        "compute",
        "estimate",
        "convert",
        "book",
        "reserve",
        "create",
        "add",
        "set",
        "update",
        "delete",
        "remove",
        "cancel",
        "send",
        "schedule",
        "analyze",
        "analyse",
        "generate",
        "play",
        "start",
        "stop",
        "turn",
        "order",
        "buy",
        "sell",
        "transfer",
        "pay",
        "translate",
        "track",
        "monitor",
        "register",
        "submit",
        "verify",
        "validate",
        "compare",
        "recommend",
        "predict",
        "assess",
        "evaluate",
        "measure",
        "optimize",
        "design",
        "plan",
        "manage",
        "control",
        "simulate",
        "detect",
        "identify",
        "classify",
        "determine",
        "provide",
        "request",
        "apply",
        "open",
        "close",
        "lock",
        "unlock",
        "enable",
        "disable",
        "adjust",
        "change",
        "modify",
        "edit",
        "view",
        "read",
        "write",
        "post",
        "publish",
        "share",
        "upload",
        "download",
        "save",
        "load",
        "store",
        "import",
        "export",
        "join",
        "leave",
        "invite",
        "assign",
        "approve",
        "reject",
        "report",
        "record",
        "log",
        "summarize",
        "explain",
        "describe",
        "extract",
        "filter",
        "sort",
        "count",
        "solve",
        "test",
        "run",
        "execute",
        "launch",
        "deploy",
        "build",
        "install",
        "configure",
        "backup",
        "restore",
        "connect",
        "disconnect",
        "call",
        "message",
        "email",
        "notify",
        "remind",
        "rent",
        "hire",
        "browse",
        "discover",
        "explore",
        "locate",
        "navigate",
        "rate",
        "review",
        "subscribe",
        "unsubscribe",
        "withdraw",
        "deposit",
        "invest",
        "donate",
        "prepare",
        "cook",
        "make",
        "perform",
        "conduct",
        "diagnose",
        "prescribe",
        "treat",
        "examine",
        "inspect",
        "investigate",
        "interpret",
        "query",
        "confirm",
        "complete",
        "finish",
        "end",
        "begin",
        "activate",
        "deactivate",
        "authenticate",
        "encrypt",
        "decrypt",
        "authorize",
        "return",
        "give",
        "tell",
        "suggest",
        "customize",
        "crop",
        "process",
        "parse",
        "render",
        "resize",
        "transcribe",
        "upgrade",
        "improve",
        "increase",
        "decrease",
        "reduce",
        "move",
        "copy",
        "rename",
        "merge",
        "split",
        "shuffle",
        "skip",
        "pause",
        "resume",
        "fill",
        "reset",
        "refund",
        "claim",
        "file",
        "enroll",
        "visualize",
        "map",
        "scan",
        "score",
        "train",
        "learn",
        "study",
        "practice",
        "collect",
        "organize",
        "arrange",
        "select",
        "choose",
        "pick",
        "use",
        "take",
        "bring",
        "mix",
        "harvest",
        "plant",
        "water",
        "feed",
        "clean",
        "wash",
        "repair",
        "fix",
        "maintain",
        "lookup",
        "dim",
        "mute",
        "draft",
        "compose",
        "clear",
        "refill",
        "renew",
        "replace",
        "reschedule",
        "initiate",
        "allocate",
        "distribute",
        "promote",
        "purchase",
        "implement",
        "develop",
        "establish",
        "conserve",
        "ask",
        "answer",
        "reply",
        "forward",
        "host",
        "stream",
        "watch",
        "pull",
        "push",
        "ship",
        "deliver",
        "dispatch",
        "exchange",
        "issue",
        "settle",
        "split",
        "trade",
        "quote",
        "forecast",
        "model",
        "trace",
        "decode",
        "encode",
        "compile",
        "debug",
        "format",
        "print",
        "scale",
        "rotate",
        "arm",
        "disarm",
        "access",
        "obtain",
        "lend",
        "borrow",
        "check-in",
        "acquire",
        "engrave",
        "sketch",
        "draw",
        "paint",
        "edit",
        "mark",
        "archive",
        "pin",
        "sync",
        "ping",
        "block",
        "unblock",
        "follow",
        "unfollow",
        "like",
        "mint",
        "swap",
        "redeem",
        "charge",
        "debit",
        "credit",
        "audit",
        "balance",
        "reconcile",
        "inform",
        "alert",
        "warn",
    ]
)
"""Words that a tool's name or description may begin with, in their base form."""

INFO_VERBS = frozenset(
    [
        "get",
        "retrieve",
        "fetch",
        "find",
        "search",
        "list",
        "show",
        "check",
        "view",
        "lookup",
        "look",
        "query",
        "browse",
        "provide",
        "display",
        "read",
        "access",
        "obtain",
        "locate",
        "return",
        "tell",
    ]
)
"""Verbs of tools that tell something: their object alone makes a request."""

MASS_NOUNS = frozenset(
    [
        "information",
        "news",
        "weather",
        "music",
        "data",
        "traffic",
        "advice",
        "progress",
        "luggage",
        "housekeeping",
        "money",
        "mail",
        "email",
        "guidance",
        "support",
        "research",
        "insurance",
        "equipment",
        "software",
        "content",
        "feedback",
        "maintenance",
        "access",
        "training",
        "energy",
        "analysis",
        "assistance",
    ]
)

STOP_WORDS = frozenset(
    [
        "a",
        "an",
        "the",
        "of",
        "for",
        "to",
        "in",
        "on",
        "at",
        "by",
        "with",
        "and",
        "or",
        "from",
        "about",
        "into",
        "as",
        "is",
        "are",
        "be",
        "this",
        "that",
        "it",
        "its",
        "your",
        "my",
        "specific",
        "given",
        "certain",
        "particular",
        "get",
        "retrieve",
        "fetch",
        "find",
        "search",
        "list",
        "show",
        "check",
        "view",
        "information",
        "info",
        "details",
        "detail",
        "data",
        "detail",
        "report",
        "list",
    ]
)
"""Words that do not tell two tools apart."""
