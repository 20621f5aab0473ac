# For where another's sitecustomize.py came before ours and led to no more of them.
exec(open(__file__[: -len("usercustomize.py")] + "sitecustomize.py").read())
