"""What is said besides requests: small talk, questions about the assistant, things no tool does, and replies."""

from __future__ import annotations


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    rows = [line.split("|") for line in text.strip().splitlines()]
    return tuple((said.strip(), answer.strip()) for said, answer in rows)


SMALL_TALK = _pairs(
    """
    Hi | Hello! How can I help you?
    Hello | Hi there. What can I do for you?
    Hey there! | Hello! What do you need?
    Good morning | Good morning! How can I help?
    Good evening, are you there? | Good evening. Yes, I'm here. What can I do for you?
    Hi, how are you? | I'm doing well, thank you. What can I do for you?
    How's it going? | All good here. How can I help?
    How are you doing today? | Very well, thanks for asking. What do you need?
    Tell me a joke | Why did the scarecrow win a prize? He was outstanding in his field.
    Do you know a good joke? | I told my computer I needed a break, and it froze.
    You're funny | Thank you! Is there anything you need?
    What's your name? | I'm your assistant.
    Who are you? | I'm an assistant; I can do a few things for you.
    Are you a robot? | I'm a program, yes.
    Are you human? | No, I'm an assistant program.
    What can you do? | I can help you with several things. Just tell me what you need.
    What can you help me with? | Tell me what you are after, and I'll see what I can do.
    Can you help me? | Of course. What do you need?
    I need some help | Sure, what is it about?
    help | Of course. What do you need?
    Which tools do you have? | I can look things up and do a few tasks for you.
    How does this work? | You tell me what you need, and I ask for what is missing.
    Is this free? | Yes, you can just ask.
    Who made you? | A team of developers.
    I have a question | Go ahead.
    Can I ask you something? | Sure, ask away.
    I'm bored | I'm sorry to hear that. Shall we get something done?
    I'm having a bad day | I'm sorry to hear that.
    I love you | That's kind of you!
    You are the best | Thank you!
    You're not very helpful | I'm sorry. What can I do better?
    test | I'm here.
    hello?? | Hello, I'm here.
    hm | Take your time.
    wait a second | Of course, take your time.
    one moment please | Sure, I'll wait.
    never mind | All right. Let me know if you need anything.
    Forget it | No problem.
    Sorry, wrong chat | No problem at all.
    ok | Is there anything else?
    lol | :)
    Do you remember what I asked yesterday? | I only know what you tell me in this conversation.
    What languages do you speak? | English works best for me.
    How old are you? | I don't have an age.
    Do you sleep? | Never. How can I help?
    Are you there? | Yes, I'm here. What do you need?
    Nice weather today, isn't it? | It is. What can I do for you?
    Happy new year! | Happy new year! How can I help?
    Long time no see | Welcome back. What can I do for you?
    I'm back | Welcome back. What do you need?
    """
)
"""What people say when they want nothing done, with an answer."""

CLOSING = _pairs(
    """
    Thanks! | You're welcome. Anything else?
    Thank you | You're welcome!
    thanks a lot | My pleasure.
    Thank you so much for your help | Glad I could help.
    Great, thanks | You're welcome.
    Perfect | Glad to hear it. Is there anything else?
    That's all | Have a nice day!
    That's all I need, thank you | You're welcome. Goodbye!
    No, that's it | All right. Have a great day.
    Nope, that's everything. Bye | Goodbye!
    Bye | Goodbye!
    ok great | Anything else I can do?
    Awesome, that helps | Happy to help.
    Cool | Is there anything else you need?
    Good to know | Let me know if you need more.
    Sounds good | Great. Anything else?
    Wonderful, have a nice day | You too!
    Alright, thank you | You're welcome.
    cheers | Any time.
    That's great news! | I'm glad. Anything else?
    Hmm, that's more than I expected | I see. Is there anything else I can do?
    Oh wow | Indeed! Anything else?
    Interesting | Is there more you'd like to know?
    got it, thanks | You're welcome.
    You've been very helpful | Glad to hear that!
    nice one | Thanks! Anything else?
    I see, let me think about it | Of course, take your time.
    """
)
"""What people say once they have what they wanted, with an answer."""

OUT_OF_SCOPE: tuple[str, ...] = tuple(
    line.strip()
    for line in """
    What's the meaning of life?
    Who won the world cup in 1998?
    Write me a poem about autumn
    What is the capital of Mongolia?
    How tall is Mount Everest?
    Can you do my homework?
    Why is the sky blue?
    Explain quantum entanglement to a five year old
    What should I name my cat?
    Who was the first president of the United States?
    How do I tie a tie?
    What's the square root of 144?
    Write a short story about a dragon
    Is there life on Mars?
    What does serendipity mean?
    How do I get a red wine stain out of a carpet?
    What is your favorite color?
    Can you fix my printer?
    How many ounces are in a cup?
    Who wrote Hamlet?
    Recommend me a good podcast
    What's the best way to learn guitar?
    Should I break up with my girlfriend?
    How do airplanes fly?
    what time is it in tokyo right now
    can you order me a pizza
    order some toilet paper for me
    set an alarm for 6 am
    play some music
    turn off the lights
    what's the weather like tomorrow?
    book me a flight to Honolulu
    what's my bank balance?
    transfer 200 dollars to my brother
    remind me to call mom tonight
    translate good night into Italian
    find me a cheap hotel near the beach
    what are the news today
    how much is 50 dollars in euros
    send an email to my boss saying I'm sick
    add milk to my shopping list
    what's on my calendar for Friday
    call me a cab
    what is the stock price of Netflix
    how many calories are in a banana
    who is the president of France
    what's the traffic like on the highway
    flip a coin for me
    roll two dice
    cancel my gym membership
    find my phone
    what movies are playing tonight
    is my credit card still valid
    how do I change my oil
    what's a good recipe for lasagna
    tell me something about the Roman Empire
    what are the symptoms of the flu
    how far is the moon
    when is the next full moon
    i need a lawyer
    can you write python code that sorts a list
    summarize War and Peace in one sentence
    what rhymes with orange
    how long do turtles live
    do aliens exist
    give me some tips for a job interview
    what should I wear today
    how do you say thank you in Japanese
    are you able to make phone calls
    what's the difference between a crocodile and an alligator
    how do I reset my router
    where did I park my car
    please water my plants while I'm away
    can you recommend a dentist
    is it going to snow this winter
    who is going to win the election
    order a replacement for my lost bank card
    what does HTML stand for
    what's 15% of 80
    convert 10 miles to kilometers
    check my tire pressure
    how do I apply for a passport
    what are the opening hours of the public library
    what gift should I buy for my dad
    do I need a visa for Brazil
    what's the wifi password
    pick a number between 1 and 10
    sing me a song
    how can I lose weight
    what do you think about politics
    """.strip().splitlines()
)
"""Requests of every kind; those that one of the tools on offer may do are left out by the caller."""

REFUSALS = (
    "I'm sorry, I can't help with that.",
    "That is not something I can do.",
    "I'm afraid I have no way to do that.",
    "Sorry, that's outside of what I can do.",
    "I can't do that, but I can help with other things.",
    "Unfortunately I'm not able to help with that.",
)

OPENERS = (
    "Also,", "Next,", "Great, now", "Thanks! And", "One more thing:", "And", "OK. Now", "Thanks.", "After that,",
    "Good.",
    "Perfect.", "Now", "Another thing,", "Great.", "Cool, and", "Next up:", "Alright,", "", "", "",
)  # fmt: skip

CONNECTORS = ("and also", "and", "and then", "also", "and please also", "then", "as well as", "and while you're at it,")

PREAMBLES = (
    "quick question", "I have a small request", "I'm planning a trip", "I'm in a hurry", "my boss asked me to do this",
    "I hope you can help me", "it's for a friend", "so, here's the thing", "I'm not sure how to do this",
    "this is my first time here", "I've been meaning to do this for ages", "sorry to bother you again",
    "it's a bit urgent", "I couldn't find this on the website", "my wife wants to know",
)  # fmt: skip
