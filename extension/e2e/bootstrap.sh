#!/bin/sh
# What /var/runtime/bootstrap does on Lambda: it becomes the runtime, or the
# wrapper, which gets the runtime as its arguments. Where the wrapper is
# missing, nothing runs.
export AWS_EXECUTION_ENV="AWS_Lambda_python$(/var/lang/bin/python -c 'import sys; print("%d.%d" % sys.version_info[:2])')"
cd "$LAMBDA_TASK_ROOT"
if [ -z "${AWS_LAMBDA_EXEC_WRAPPER-}" ]; then
	exec /var/lang/bin/python -m awslambdaric "$_HANDLER"
fi
exec "$AWS_LAMBDA_EXEC_WRAPPER" /var/lang/bin/python -m awslambdaric "$_HANDLER"
