"""What mails say, word for word; written down here a second time on purpose."""

FOOT = """
What this service tells is a measurement, not a diagnosis. A clinician can
say what it means.

-- 
gaitd
This message was written by a program. Job {job}"""

RECEIVED = """Hello,

Your videos have arrived. Request no. {ordinal} is waiting for its turn, and you
will get another message when it is done. You can follow it here:

{url}
""" + FOOT

RESULT = """Hello,

Request no. {ordinal} is done. The result is here, after signing in:

{url}
{score}""" + FOOT

SCORE = """
Score: {score} (from 0 to 1)
"""

DEMONSTRATION = """
The score comes from a demonstration model. It shows how the service works
and says nothing about a person.
"""

NO_SCORE = """
No score could be given:
{reasons}"""

ANALYSED = """Hello,

The analysis of request no. {ordinal} is done.
A clinician reads the result now. You will get another message when it has been
released to you. You can follow the request here, after signing in:

{url}
""" + FOOT

COMMENTED = """
A clinician has read it and wrote a comment for you.
"""

FAILURE = """Hello,

Request no. {ordinal} could not be completed.

{reason}

What happened, and how to try again, is told here, after signing in:

{url}
""" + FOOT


def text_of(mail):
    return mail.get_body(["plain"]).get_content().rstrip("\n")


def html_of(mail):
    return mail.get_body(["html"]).get_content()
