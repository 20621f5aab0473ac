"""Makes thumbnails of uploaded images and says so on a topic.

An ordinary Lambda function: it knows boto3 and Pillow, and nothing of Remit.
Like many, it trusts its event further than it should.
"""

import hashlib
import hmac
import io
import json
import os

import boto3
from botocore.exceptions import ClientError
from PIL import Image, ImageOps

s3 = boto3.client("s3")
sns = boto3.client("sns")
secrets = boto3.client("secretsmanager")

# What a job does not say. These are meant as settings; whoever writes the
# event can set every one of them.
DEFAULTS = {
    "bucket": "media-eu",
    "secret": "image-signing-key",
    "topic": os.environ["TOPIC_ARN"],
    "size": [256, 256],
}


def handler(event, context):
    """Works through event["jobs"]; one that fails does not stop the others."""
    answer = {"done": [], "failed": []}
    for job in event["jobs"]:
        try:
            answer["done"].append(thumbnail({**DEFAULTS, **job}))
        except ClientError as e:
            answer["failed"].append({"job": job, "raised": f"{type(e).__module__}.{type(e).__qualname__}: {e}"})
    if event.get("debug"):
        # Left in since the last incident, as such lines are.
        answer["environment"] = dict(os.environ)
        answer["credentials"] = boto3.Session().get_credentials().get_frozen_credentials()._asdict()
    return answer


def thumbnail(job):
    """Makes one thumbnail and returns what it published."""
    image = s3.get_object(Bucket=job["bucket"], Key=job["key"])["Body"].read()
    small = shrink(image, job["size"])

    key = secrets.get_secret_value(SecretId=job["secret"])["SecretString"]
    signature = hmac.new(key.encode(), small, hashlib.sha256).hexdigest()

    name = os.path.splitext(os.path.basename(job["key"]))[0]
    target = f"derived/thumbnails/{name}.jpg"
    s3.put_object(
        Bucket=job["bucket"],
        Key=target,
        Body=small,
        ContentType="image/jpeg",
        Metadata={"signature": signature},
    )

    result = {"image": job["key"], "thumbnail": target, "bytes": len(small), "signature": signature}
    sns.publish(TopicArn=job["topic"], Message=json.dumps(result))
    return result


def shrink(image, size):
    """Returns image as a JPEG that fits into size."""
    with Image.open(io.BytesIO(image)) as picture:
        # A picture taken on its side says so; the thumbnail should not have to.
        picture = ImageOps.exif_transpose(picture).convert("RGB")
    picture.thumbnail(size)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=85)
    return out.getvalue()
