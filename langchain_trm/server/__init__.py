"""The router behind HTTP: an OpenAI-compatible endpoint, and a page to try tools on (extra `serve`).

`command` reads the options (`settings`) and starts `app`. A request is read by `requests`, decided by `routing` in a
thread of `workers`, and written by `completions`, or passed on by `upstream`. `guards`, `metrics` and `errors` stand
around all of it. The page is `static/`; `playground` answers what it asks beside the endpoint, with `signatures` and
`export`.
"""
