//! The calls of services beyond those that main.rs began with.

use super::*;

/// The texts of a list.
fn texts(v: &Value) -> Vec<String> {
    v.as_array().unwrap().iter().map(|e| e.as_str().unwrap().into()).collect()
}

impl Clients {
    pub async fn services(&self, what: &str, i: &Value) -> Result<Option<Value>, Failure> {
        let own = |id: Option<&str>| id.map(|_| "its own");
        Ok(Some(match what {
            "s3 DeleteObjects" => {
                let mut delete = s3::types::Delete::builder();
                for o in i["Delete"]["Objects"].as_array().unwrap() {
                    delete = delete.objects(s3::types::ObjectIdentifier::builder().set_key(text(o, "Key")).build().map_err(failure)?);
                }
                let o = self.s3.delete_objects().set_bucket(text(i, "Bucket")).delete(delete.build().map_err(failure)?).send().await?;
                let mut keys: Vec<_> = o.deleted().iter().map(|d| d.key()).collect();
                keys.sort();
                json!([keys, o.errors().len()])
            }
            "s3 SelectObjectContent" => {
                use s3::types::{CsvInput, FileHeaderInfo, InputSerialization, JsonOutput, OutputSerialization};
                let csv = CsvInput::builder().file_header_info(FileHeaderInfo::None).build();
                let lines = JsonOutput::builder().set_record_delimiter(text(&i["OutputSerialization"]["JSON"], "RecordDelimiter")).build();
                let o = self.s3.select_object_content().set_bucket(text(i, "Bucket")).set_key(text(i, "Key"));
                let o = o.set_expression(text(i, "Expression")).expression_type(s3::types::ExpressionType::Sql);
                let o = o.input_serialization(InputSerialization::builder().csv(csv).build());
                let mut o = o.output_serialization(OutputSerialization::builder().json(lines).build()).send().await?;
                let mut all = vec![];
                while let Some(event) = o.payload.recv().await? {
                    all.push(format!("{event:?}"));
                }
                json!(all)
            }
            "sqs SendMessageBatch" => {
                let mut o = self.sqs.send_message_batch().set_queue_url(text(i, "QueueUrl"));
                for e in i["Entries"].as_array().unwrap() {
                    let entry = sqs::types::SendMessageBatchRequestEntry::builder().set_id(text(e, "Id")).set_message_body(text(e, "MessageBody"));
                    o = o.entries(entry.build().map_err(failure)?);
                }
                let o = o.send().await?;
                let sent: Vec<_> = o.successful().iter().map(|s| json!([s.id(), s.md5_of_message_body()])).collect();
                json!([sent, o.failed().len()])
            }
            "sqs ReceiveMessage" | "sqs ReceiveMessage receive" => {
                let o = self.sqs.receive_message().set_queue_url(text(i, "QueueUrl")).send().await?;
                let got: Vec<_> = o.messages().iter().map(|m| json!([m.body(), m.md5_of_body(), own(m.message_id())])).collect();
                let handle = o.messages().first().and_then(|m| m.receipt_handle().map(Into::into));
                self.sqs.delete_message().set_queue_url(text(i, "QueueUrl")).set_receipt_handle(handle).send().await?;
                json!(got)
            }
            "sqs DeleteMessage" => {
                let o = self.sqs.delete_message().set_queue_url(text(i, "QueueUrl")).set_receipt_handle(text(i, "ReceiptHandle"));
                o.send().await?;
                json!({})
            }
            "sns PublishBatch" => {
                let mut o = self.sns.publish_batch().set_topic_arn(text(i, "TopicArn"));
                for e in i["PublishBatchRequestEntries"].as_array().unwrap() {
                    let entry = sns::types::PublishBatchRequestEntry::builder().set_id(text(e, "Id")).set_message(text(e, "Message"));
                    o = o.publish_batch_request_entries(entry.build().map_err(failure)?);
                }
                let o = o.send().await?;
                json!([o.successful().iter().map(|s| s.id()).collect::<Vec<_>>(), o.failed().len()])
            }
            "dynamodb Query" => {
                let o = self.dynamodb.query().set_table_name(text(i, "TableName")).set_key_condition_expression(text(i, "KeyConditionExpression"));
                let o = o.set_expression_attribute_values(Some(item(&i["ExpressionAttributeValues"]))).send().await?;
                json!([o.count(), format!("{:?}", o.items())])
            }
            "dynamodb BatchWriteItem" => {
                let mut o = self.dynamodb.batch_write_item();
                for (table, writes) in i["RequestItems"].as_object().unwrap() {
                    let mut all = vec![];
                    for w in writes.as_array().unwrap() {
                        let put = dynamodb::types::PutRequest::builder().set_item(Some(item(&w["PutRequest"]["Item"]))).build().map_err(failure)?;
                        all.push(dynamodb::types::WriteRequest::builder().put_request(put).build());
                    }
                    o = o.request_items(table, all);
                }
                json!(o.send().await?.unprocessed_items().map(|u| u.len()))
            }
            "dynamodb TransactWriteItems" => {
                let mut o = self.dynamodb.transact_write_items();
                for w in i["TransactItems"].as_array().unwrap() {
                    let put = dynamodb::types::Put::builder().set_table_name(text(&w["Put"], "TableName")).set_item(Some(item(&w["Put"]["Item"])));
                    o = o.transact_items(dynamodb::types::TransactWriteItem::builder().put(put.build().map_err(failure)?).build());
                }
                o.send().await?;
                json!({})
            }
            "ssm GetParameter" => {
                let o = self.ssm.get_parameter().set_name(text(i, "Name")).send().await?;
                json!(o.parameter().map(|p| json!([p.name(), p.value(), p.version(), p.arn()])))
            }
            "ssm GetParameters" => {
                let o = self.ssm.get_parameters().set_names(Some(texts(&i["Names"]))).send().await?;
                json!([o.parameters().iter().map(|p| p.value()).collect::<Vec<_>>(), o.invalid_parameters()])
            }
            "kms Encrypt" => {
                let plain = kms::primitives::Blob::new(bytes_of(i, "Plaintext"));
                let o = self.kms.encrypt().set_key_id(text(i, "KeyId")).plaintext(plain).send().await?;
                json!([o.key_id(), o.ciphertext_blob().map(|b| b.as_ref().len())])
            }
            "kms Decrypt" => {
                let cipher = kms::primitives::Blob::new(bytes_of(i, "CiphertextBlob"));
                let o = self.kms.decrypt().set_key_id(text(i, "KeyId")).ciphertext_blob(cipher).send().await?;
                json!([o.key_id(), o.plaintext().map(|b| digest(b.as_ref()))])
            }
            "kms GenerateDataKey" => {
                let o = self.kms.generate_data_key().set_key_id(text(i, "KeyId")).key_spec(kms::types::DataKeySpec::Aes256).send().await?;
                json!([o.key_id(), o.plaintext().map(|b| b.as_ref().len()), o.ciphertext_blob().is_some()])
            }
            "events PutEvents" => {
                let mut o = self.events.put_events();
                for e in i["Entries"].as_array().unwrap() {
                    let entry = events::types::PutEventsRequestEntry::builder().set_event_bus_name(text(e, "EventBusName"));
                    let entry = entry.set_source(text(e, "Source")).set_detail_type(text(e, "DetailType")).set_detail(text(e, "Detail"));
                    o = o.entries(entry.build());
                }
                let o = o.send().await?;
                json!([o.failed_entry_count(), o.entries().iter().map(|e| own(e.event_id())).collect::<Vec<_>>()])
            }
            "lambda Invoke" => {
                let o = self.lambda.invoke().set_function_name(text(i, "FunctionName")).payload(lambda::primitives::Blob::new(bytes_of(i, "Payload")));
                let o = o.set_invocation_type(text(i, "InvocationType").map(|t| t.as_str().into())).send().await?;
                json!([o.status_code(), o.payload().map(|b| digest(b.as_ref())), o.function_error(), o.executed_version()])
            }
            "lambda InvokeWithResponseStream" => {
                let payload = lambda::primitives::Blob::new(bytes_of(i, "Payload"));
                let mut o = self.lambda.invoke_with_response_stream().set_function_name(text(i, "FunctionName")).payload(payload).send().await?;
                let mut all = vec![];
                while let Some(event) = o.event_stream.recv().await? {
                    all.push(format!("{event:?}"));
                }
                json!(all)
            }
            "sts GetCallerIdentity" => {
                let o = self.sts.get_caller_identity().send().await?;
                json!([o.account(), own(o.arn()), own(o.user_id())])
            }
            "sts AssumeRole" => {
                let o = self.sts.assume_role().set_role_arn(text(i, "RoleArn")).set_role_session_name(text(i, "RoleSessionName")).send().await?;
                json!(own(o.assumed_role_user().map(|u| u.arn())))
            }
            _ => return Ok(None),
        }))
    }
}
