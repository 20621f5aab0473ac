//! Makes the matrix's calls with the AWS SDK for Rust: as boto.py.

mod services;

use std::error::Error as _;
use std::io::BufRead;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use aws_sdk_bedrockruntime as bedrock;
use aws_sdk_dynamodb as dynamodb;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_eventbridge as events;
use aws_sdk_kinesis as kinesis;
use aws_sdk_kms as kms;
use aws_sdk_lambda as lambda;
use aws_sdk_s3 as s3;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::{BoxError, DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use aws_sdk_secretsmanager as secrets;
use aws_sdk_sfn as sfn;
use aws_sdk_sns as sns;
use aws_sdk_sqs as sqs;
use aws_sdk_ssm as ssm;
use aws_sdk_sts as sts;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
};
use aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint;
use serde_json::{json, Map, Value};
use sha2::{Digest, Sha256};

/// What is shown of the last answer.
#[derive(Clone, Debug, Default)]
struct Shown(Arc<Mutex<(u16, Map<String, Value>, usize)>>);

#[dyn_dispatch_hint]
impl Intercept for Shown {
    fn name(&self) -> &'static str {
        "Shown"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.lock().unwrap().2 += 1;
        Ok(())
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let answer = context.response();
        let mut shown = self.0.lock().unwrap();
        shown.0 = answer.status().as_u16();
        shown.1 = answer.headers().iter().map(|(name, v)| (name.to_string(), json!(v))).collect();
        Ok(())
    }
}

/// Why a call failed: code, message, kind.
struct Failure(String, String, &'static str);

impl<E, R> From<SdkError<E, R>> for Failure
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug + 'static,
{
    fn from(e: SdkError<E, R>) -> Self {
        match e.as_service_error() {
            Some(s) => Failure(s.code().unwrap_or("any").into(), s.message().unwrap_or_default().into(), "service"),
            None => Failure("failure".into(), format!("{} ({:?})", DisplayErrorContext(&e), e.source()), "failure"),
        }
    }
}

impl From<BoxError> for Failure {
    fn from(e: BoxError) -> Self {
        Failure("failure".into(), e.to_string(), "failure")
    }
}

fn failure(e: impl std::fmt::Display) -> Failure {
    Failure("failure".into(), e.to_string(), "failure")
}

/// A body that can be read once, and whose length is known to nobody but who says it.
struct Once(Option<Vec<u8>>);

impl http_body::Body for Once {
    type Data = bytes::Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<http_body::Frame<bytes::Bytes>, Self::Error>>> {
        Poll::Ready(self.0.take().map(|b| Ok(http_body::Frame::data(b.into()))))
    }
}

fn text(input: &Value, name: &str) -> Option<String> {
    input[name].as_str().map(Into::into)
}

fn bytes_of(input: &Value, name: &str) -> Vec<u8> {
    let v = &input[name];
    match (&v["zeros"], &v["bytes"], &v["base64"]) {
        (Value::Number(n), _, _) => vec![0; n.as_u64().unwrap() as usize],
        (_, Value::String(text), _) => text.as_bytes().to_vec(),
        (_, _, Value::String(text)) => aws_smithy_types::base64::decode(text).unwrap(),
        _ => v.as_str().unwrap().as_bytes().to_vec(),
    }
}

fn digest(b: &[u8]) -> Value {
    let sum: String = Sha256::digest(b).iter().map(|b| format!("{b:02x}")).collect();
    json!({"length": b.len(), "sha256": sum})
}

fn item(v: &Value) -> std::collections::HashMap<String, AttributeValue> {
    let member = |(name, a): (&String, &Value)| (name.clone(), AttributeValue::S(a["S"].as_str().unwrap().into()));
    v.as_object().unwrap().iter().map(member).collect()
}

struct Clients {
    bedrock: bedrock::Client,
    dynamodb: dynamodb::Client,
    events: events::Client,
    kinesis: kinesis::Client,
    kms: kms::Client,
    lambda: lambda::Client,
    s3: s3::Client,
    secrets: secrets::Client,
    sfn: sfn::Client,
    sns: sns::Client,
    sqs: sqs::Client,
    ssm: ssm::Client,
    sts: sts::Client,
}

impl Clients {
    async fn get(&self, i: &Value) -> Result<Value, Failure> {
        let o = self.s3.get_object().set_bucket(text(i, "Bucket")).set_key(text(i, "Key")).set_range(text(i, "Range"));
        let o = o.set_if_none_match(text(i, "IfNoneMatch")).set_if_match(text(i, "IfMatch")).send().await?;
        let shown = json!({"type": o.content_type(), "etag": o.e_tag(), "range": o.content_range(), "metadata": o.metadata(), "length": o.content_length()});
        let body = o.body.collect().await.map_err(failure)?.into_bytes();
        Ok(json!([digest(&body), shown]))
    }

    async fn put(&self, i: &Value, stream: bool) -> Result<Value, Failure> {
        let content = bytes_of(i, "Body");
        let mut put = self.s3.put_object().set_bucket(text(i, "Bucket")).set_key(text(i, "Key")).set_content_type(text(i, "ContentType"));
        put = put.set_if_none_match(text(i, "IfNoneMatch"));
        for (name, v) in i["Metadata"].as_object().into_iter().flatten() {
            put = put.metadata(name, v.as_str().unwrap());
        }
        put = if stream {
            put.content_length(content.len() as i64).body(ByteStream::new(SdkBody::from_body_1_x(Once(Some(content)))))
        } else {
            put.body(content.into())
        };
        let o = put.send().await?;
        Ok(json!({"etag": o.e_tag(), "crc32": o.checksum_crc32()}))
    }

    /// The SDK has no manager of transfers: its user makes the parts.
    async fn parts(&self, i: &Value) -> Result<Value, Failure> {
        let (bucket, key) = (text(i, "Bucket"), text(i, "Key"));
        let begun = self.s3.create_multipart_upload().set_bucket(bucket.clone()).set_key(key.clone()).send().await?;
        let mut done = s3::types::CompletedMultipartUpload::builder();
        for (n, part) in (1..).zip(bytes_of(i, "Body").chunks(5 << 20)) {
            let o = self.s3.upload_part().set_bucket(bucket.clone()).set_key(key.clone()).set_upload_id(begun.upload_id.clone());
            let o = o.part_number(n).body(part.to_vec().into()).send().await?;
            done = done.parts(s3::types::CompletedPart::builder().part_number(n).set_e_tag(o.e_tag).set_checksum_crc32(o.checksum_crc32).build());
        }
        let end = self.s3.complete_multipart_upload().set_bucket(bucket.clone()).set_key(key.clone()).set_upload_id(begun.upload_id);
        let end = end.multipart_upload(done.build()).send().await?;
        Ok(json!([end.e_tag(), self.get(&json!({"Bucket": bucket, "Key": key})).await?[0]]))
    }

    /// Says a thing only once what was said before is answered.
    async fn converse(&self, i: &Value) -> Result<Value, Failure> {
        use bedrock::types::{BidirectionalInputPayloadPart, InvokeModelWithBidirectionalStreamInput as Said};
        let (answered, wait) = tokio::sync::mpsc::unbounded_channel::<()>();
        answered.send(()).unwrap();
        let said = futures_util::stream::unfold((0, wait), |(n, mut wait)| async move {
            wait.recv().await?;
            let said = bedrock::primitives::Blob::new(vec![0; *[1, 1000, 100000].get(n)?]);
            let event = Said::Chunk(BidirectionalInputPayloadPart::builder().bytes(said).build());
            Some((Ok(event), (n + 1, wait)))
        });
        let said = futures_util::StreamExt::fuse(said); // which the SDK polls behind its end
        let call = self.bedrock.invoke_model_with_bidirectional_stream().set_model_id(text(i, "modelId"));
        let mut o = call.body(said.into()).send().await?;
        let mut all = vec![];
        while let Some(event) = o.body.recv().await? {
            let heard = event.as_chunk().ok().and_then(|c| c.bytes()).map(|b| digest(b.as_ref()));
            all.push(json!(heard));
            let _ = answered.send(());
        }
        Ok(json!(all))
    }

    async fn make(&self, what: &str, i: &Value) -> Option<Result<Value, Failure>> {
        Some(match what {
            "s3 GetObject" => self.get(i).await,
            "s3 PutObject" => self.put(i, false).await,
            "s3 PutObject stream" => self.put(i, true).await,
            "s3 PutObject parts" => self.parts(i).await,
            "bedrock-runtime InvokeModelWithBidirectionalStream converse" => self.converse(i).await,
            _ => return self.more(what, i).await,
        })
    }

    async fn more(&self, what: &str, i: &Value) -> Option<Result<Value, Failure>> {
        Some(self.rest(what, i).await.transpose()?)
    }

    async fn rest(&self, what: &str, i: &Value) -> Result<Option<Value>, Failure> {
        Ok(Some(match what {
            "s3 HeadObject" => {
                let o = self.s3.head_object().set_bucket(text(i, "Bucket")).set_key(text(i, "Key")).send().await?;
                json!([o.e_tag(), o.content_length(), o.content_type(), o.metadata()])
            }
            "s3 DeleteObject" => {
                let o = self.s3.delete_object().set_bucket(text(i, "Bucket")).set_key(text(i, "Key")).send().await?;
                json!(o.delete_marker())
            }
            "s3 ListObjectsV2" => {
                let o = self.s3.list_objects_v2().set_bucket(text(i, "Bucket")).set_prefix(text(i, "Prefix"));
                let o = o.set_delimiter(text(i, "Delimiter")).send().await?;
                let keys: Vec<_> = o.contents().iter().map(|c| json!([c.key(), c.e_tag(), c.size()])).collect();
                json!([keys, o.common_prefixes().iter().map(|p| p.prefix()).collect::<Vec<_>>(), o.key_count()])
            }
            "s3 CopyObject" => {
                let o = self.s3.copy_object().set_bucket(text(i, "Bucket")).set_key(text(i, "Key"));
                let o = o.set_copy_source(text(i, "CopySource")).send().await?;
                json!(o.copy_object_result().and_then(|r| r.e_tag()))
            }
            "sqs GetQueueUrl" => json!(self.sqs.get_queue_url().set_queue_name(text(i, "QueueName")).send().await?.queue_url()),
            "sqs SendMessage" => {
                let o = self.sqs.send_message().set_queue_url(text(i, "QueueUrl")).set_message_body(text(i, "MessageBody")).send().await?;
                json!([o.md5_of_message_body(), o.message_id().is_some()])
            }
            "sns Publish" => {
                let o = self.sns.publish().set_topic_arn(text(i, "TopicArn")).set_message(text(i, "Message")).send().await?;
                json!(o.message_id().is_some())
            }
            "dynamodb PutItem" => {
                let o = self.dynamodb.put_item().set_table_name(text(i, "TableName")).set_item(Some(item(&i["Item"])));
                let o = o.set_condition_expression(text(i, "ConditionExpression")).send().await?;
                json!(format!("{:?}", o.attributes()))
            }
            "dynamodb GetItem" => {
                let o = self.dynamodb.get_item().set_table_name(text(i, "TableName")).set_key(Some(item(&i["Key"]))).send().await?;
                let mut all: Vec<_> = o.item().unwrap().iter().map(|(name, v)| format!("{name}: {v:?}")).collect();
                all.sort();
                json!(all)
            }
            "secretsmanager GetSecretValue" => {
                let o = self.secrets.get_secret_value().set_secret_id(text(i, "SecretId")).send().await?;
                json!([o.arn(), o.secret_string()])
            }
            "stepfunctions StartSyncExecution" => {
                let o = self.sfn.start_sync_execution().set_state_machine_arn(text(i, "stateMachineArn")).set_input(text(i, "input"));
                let o = o.send().await?;
                json!([o.execution_arn(), o.output(), o.status().as_str()])
            }
            "kinesis PutRecord" => {
                let o = self.kinesis.put_record().set_stream_name(text(i, "StreamName")).set_partition_key(text(i, "PartitionKey"));
                let o = o.data(kinesis::primitives::Blob::new(bytes_of(i, "Data"))).send().await?;
                json!([o.shard_id(), o.sequence_number()])
            }
            "kinesis SubscribeToShard" => {
                let from = kinesis::types::StartingPosition::builder().r#type(kinesis::types::ShardIteratorType::Latest).build().map_err(failure)?;
                let o = self.kinesis.subscribe_to_shard().set_consumer_arn(text(i, "ConsumerARN")).set_shard_id(text(i, "ShardId"));
                let mut o = o.starting_position(from).send().await?;
                let mut all = vec![];
                while let Some(event) = o.event_stream.recv().await? {
                    all.push(format!("{event:?}"));
                }
                json!(all)
            }
            "bedrock-runtime InvokeModel" => {
                let o = self.bedrock.invoke_model().set_model_id(text(i, "modelId")).body(bedrock::primitives::Blob::new(bytes_of(i, "body")));
                let o = o.send().await?;
                json!([digest(o.body().as_ref()), o.content_type()])
            }
            "bedrock-runtime InvokeModelWithResponseStream" => {
                let o = self.bedrock.invoke_model_with_response_stream().set_model_id(text(i, "modelId"));
                let mut o = o.body(bedrock::primitives::Blob::new(bytes_of(i, "body"))).send().await?;
                let mut all = vec![];
                while let Some(event) = o.body.recv().await? {
                    all.push(json!(event.as_chunk().ok().and_then(|c| c.bytes()).map(|b| digest(b.as_ref()))));
                }
                json!(all)
            }
            _ => return self.services(what, i).await,
        }))
    }

    /// Makes a call as often as it says, all at once.
    async fn often(&self, what: &str, i: &Value, times: u64) -> Option<Result<Value, Failure>> {
        let mut different = std::collections::BTreeSet::new();
        for one in futures_util::future::join_all((0..times).map(|_| self.make(what, i))).await {
            match one? {
                Ok(v) => different.insert(v[0].to_string()),
                Err(e) => return Some(Err(e)),
            };
        }
        Some(Ok(json!({"different": different, "times": times})))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let shown = Shown::default();
    let loaded = aws_config::load_from_env().await;
    macro_rules! client {
        ($of:ident) => {
            $of::Client::from_conf($of::config::Builder::from(&loaded).interceptor(shown.clone()).build())
        };
    }
    let clients = Clients {
        bedrock: client!(bedrock),
        dynamodb: client!(dynamodb),
        events: client!(events),
        kinesis: client!(kinesis),
        kms: client!(kms),
        lambda: client!(lambda),
        s3: client!(s3),
        secrets: client!(secrets),
        sfn: client!(sfn),
        sns: client!(sns),
        sqs: client!(sqs),
        ssm: client!(ssm),
        sts: client!(sts),
    };
    for line in std::io::stdin().lock().lines() {
        let one: Value = serde_json::from_str(&line.unwrap()).unwrap();
        *shown.0.lock().unwrap() = Default::default();
        let mut what = format!("{} {}", one["service"].as_str().unwrap(), one["operation"].as_str().unwrap());
        if let Some(how) = one["how"].as_str() {
            what = format!("{what} {how}");
        }
        let came = match one["times"].as_u64() {
            Some(times) => clients.often(&what, &one["input"], times).await,
            None => clients.make(&what, &one["input"]).await,
        };
        let (status, headers, attempts) = shown.0.lock().unwrap().clone();
        let mut result = match came {
            None => json!({"lacks": "no such operation"}),
            Some(Ok(output)) if one["times"].is_u64() || one["how"] == "parts" => json!({"status": status, "output": output}),
            Some(Ok(output)) => json!({"status": status, "headers": headers, "attempts": attempts, "output": output}),
            Some(Err(Failure(code, message, kind))) => {
                json!({"status": status, "headers": headers, "attempts": attempts, "error": code, "message": message, "type": kind})
            }
        };
        result["name"] = one["name"].clone();
        println!("{result}");
    }
}
