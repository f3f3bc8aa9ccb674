"""The newsletter: from a posted form to an issue in the reader's inbox.

It imports no stage of the build and no stage imports it; `commands.newsletter` hands it what it needs as values.

    tables, database, migrations    what is kept, where, and how it came to look so
    addresses, keys                 e-mail addresses; tokens, and hashes that need a key
    states                          the life of a subscription: the only place that changes one
    intake                          what was posted -> states and mails, within the budgets
    web, answers, forms, texts      the pages and forms; what they answer with; what is posted; their words
    service, protocol               the process that serves them; HTTP with an end to a head
    mails, transport                what a mail is made of; SMTP, or a folder
    dispatch, outbox, issues        claim, send, record; the single mails; an issue to everybody
    roster, doctor                  what an operator asks: who is there, and what is wrong
"""
