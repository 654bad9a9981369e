"""What every suite needs of the process that runs it."""

import signal

# A shell starts a background job with Ctrl-C ignored, and what the tests start would inherit that: tests that send it
# would wait for ever in a CI that runs them so.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
