"""Dialogues of the command line: logins and pagers of cucm.md §2.1, restarts of §2.2, questions of §2.4 and §2.5."""

from tests.pages.sample import Sample
from tests.pages.shell_door import BANNER, PROMPT, Key, Line

# --- §2.1: banners; what stands before the first prompt

LOGIN = Sample(
    "cucm.md §2.1",
    "T",
    "banner",
    BANNER + PROMPT,
    {
        "2 vCPU: Intel(R) Xeon(R) CPU E5-2690 v4 @ 2.60GHz": r"\d+ vCPU: .+",
        "110GB": r"\d+GB",
        "8192 Mbytes": r"\d+ Mbytes",
    },
)
PROMPTLESS = Sample("cucm.md §2.1", "C", "no prompt before a newline", BANNER)
WARNED = Sample("cucm.md §2.1", "T", "indented warning", BANNER + "   WARNING: DNS unreachable\r\n\r\n" + PROMPT)
ERASED = Sample("cucm.md §2.1", "D", "prompt behind ESC[K", BANNER + "\x1b[K" + PROMPT)
LOGINS = [LOGIN, PROMPTLESS, WARNED, ERASED]

# A newline that was sent is echoed as a second prompt [T].
SECOND_PROMPT = Sample("cucm.md §2.1", "T", "second prompt", "admin:\r\n\radmin:")

# --- §2.1: pagers

FIRST_PAGER = Sample(
    "cucm.md §2.1",
    "D",
    "first pager",
    "\x1b[1mPress <enter> for 1 line, <space> for one page, or <q> to quit\x1b[0m\x1b[K",
)
SECOND_PAGER = Sample(
    "cucm.md §2.1",
    "D",
    "second pager",
    "options: q=quit, n=next, p=prev, b=begin, e=end (lines 61 - 80 of 207554) : ",
)
PAGERS = [(FIRST_PAGER, Key(" ")), (SECOND_PAGER, Key("n"))]

PAGINATION_OFF = Sample("cucm.md §2.1", "D", "pagination off", "Automatic pagination is turned off\n")
PAGINATION = Sample("cucm.md §2.1", "D", "pagination shown", "Automatic Pagination : Off.\n")
UNKNOWN_COMMAND = Sample("cucm.md §2.1", "C", "unknown command", "No valid command entered\n")

# --- §2.2: restarts; the last line that tells a state is what the client has to say

OLD_WORDS = (
    " Don't press Ctrl-c while the service is getting RESTARTED."
    "If Service has not Restarted Properly, execute the same Command Again\n"
)
NEW_WORDS = (
    "Do not press Ctrl+C while the service is restarting. "
    "If the service has not restarted properly, execute the same command again.\n"
)
STATES = """\
Service Manager is running
Cisco Tomcat[STOPPING]
Cisco Tomcat[STOPPING]
Cisco Tomcat[STARTING]
Cisco Tomcat[STARTING]
Cisco Tomcat[STARTED]
"""
NEW_STATES = "Service Manager is running\nCisco Tomcat[STARTING]\nCisco Tomcat[STARTED]\n"
OLD_RESTART = Sample("cucm.md §2.2", "T", "restart, old words", OLD_WORDS + STATES)
NEW_RESTART = Sample("cucm.md §2.2", "T", "restart, new words", NEW_WORDS + NEW_STATES)
RESTARTS = [
    (OLD_RESTART, "STARTED"),
    (NEW_RESTART, "STARTED"),
    (
        Sample("cucm.md §2.2", "T", "blanks, started twice", OLD_WORDS + STATES + "Cisco Tomcat[STARTED]  \n"),
        "STARTED",
    ),
    (
        Sample("cucm.md §2.2", "C", "never started", NEW_WORDS + NEW_STATES.replace("Cisco Tomcat[STARTED]\n", "")),
        "STARTING",
    ),
]
FAILURES = [
    Sample("cucm.md §2.2", "C", "failed", OLD_WORDS + STATES.replace("[STARTED]", "[FAILED]")),
    Sample("cucm.md §2.2", "C", "error", OLD_WORDS + "ERROR\n"),
]

# --- §2.1: how questions end, and §2.4, §2.5: what was answered to them

QUESTIONS = [
    (Sample("cucm.md §2.1", "T", "yes|no", "Proceed with regeneration (yes|no)? "), Line("yes")),
    (Sample("cucm.md §2.1", "T/D", "y/n):", "Do you want to continue? (y/n): "), Line("y")),
    (Sample("cucm.md §2.1", "T/D", "y/n):, no blank", "Do you want to continue? (y/n):"), Line("y")),
    (Sample("cucm.md §2.1", "T/D", "(y/n)?", "Do you want to continue (y/n)?"), Line("y")),
    (Sample("cucm.md §2.1", "T/D", "Continue (y/n)?", "Continue (y/n)?"), Line("y")),
    (Sample("cucm.md §2.1", "T/D", "Enter (yes/no)?", "Enter (yes/no)?"), Line("yes")),
]
