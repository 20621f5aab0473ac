#!/var/lang/bin/python
"""/opt/extensions/neighbour: another extension, which does nothing but to be there, with the keys that Lambda gives to all."""

import json
import os
import urllib.request

api = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2020-01-01/extension/"
urllib.request.install_opener(urllib.request.build_opener(urllib.request.ProxyHandler({})))

answer = urllib.request.urlopen(urllib.request.Request(
    api + "register", json.dumps({"events": ["SHUTDOWN"]}).encode(), {"Lambda-Extension-Name": "neighbour"}))
id = answer.headers["Lambda-Extension-Identifier"]
urllib.request.urlopen(urllib.request.Request(api + "event/next", headers={"Lambda-Extension-Identifier": id})).read()
