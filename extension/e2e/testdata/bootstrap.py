"""What /var/runtime/bootstrap.py of AWS's images does before it runs the client, as far as a
wrapper's environment matters to it."""

import os
import sys

if "PYTHONPATH" not in os.environ:
    sys.path.insert(0, "/opt/python")
    os.environ["PYTHONPATH"] = os.environ["LAMBDA_RUNTIME_DIR"]
sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])

from awslambdaric.__main__ import main

main(sys.argv)
