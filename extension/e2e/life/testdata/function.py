"""What the tests run on the emulator to see a function live and die. Its kin in
this directory do the same in other languages: an event says what to do, and the
answer has which invocation of this start it is, whether the execution role's
key is in the environment, and what the event wanted to have back."""

import os
import time

invocations = 0

if os.environ.get("INIT") == "raise":
    raise RuntimeError("not started on purpose")
print("the function is loaded", flush=True)


def handler(event, context):
    global invocations
    invocations += 1
    match event["do"]:
        case "raise":
            raise ValueError("raised on purpose")
        case "exit":
            os._exit(3)
        case "sleep":
            print("the function waits", flush=True)
            time.sleep(event.get("seconds", 60))
        case "squat":
            # Outlives this runtime, and has the extension's socket once that is gone.
            if os.fork() == 0:
                os.setsid()
                import socket

                s = socket.socket(socket.AF_UNIX)
                while True:
                    try:
                        s.bind("\0remit:" + os.readlink("/proc/self/ns/pid").strip("pid:[]"))
                        s.listen(1)
                        print("the socket is taken", flush=True)
                        time.sleep(600)
                    except OSError:
                        time.sleep(0.0002)
            time.sleep(0.3)  # until that is in a group of its own, which Lambda does not end
            os._exit(3)
    return {"invocation": invocations, "key": "AWS_SECRET_ACCESS_KEY" in os.environ, "echo": event.get("echo")}
