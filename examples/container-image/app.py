"""Writes a month's report, under the heading that a parameter has.

Which parameter, whoever writes the event can say: it was meant as a setting.
"""

import boto3

s3 = boto3.client("s3")
ssm = boto3.client("ssm")


def handler(event, context):
    heading = ssm.get_parameter(Name=event.get("heading", "/reports/heading"))["Parameter"]["Value"]
    key = f"monthly/{event['month']}.txt"
    s3.put_object(Bucket="reports-eu", Key=key, Body=f"{heading}\n{event['month']}\n".encode())
    return {"key": key}
