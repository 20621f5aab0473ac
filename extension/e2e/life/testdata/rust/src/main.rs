//! The function that the end-to-end tests run on AWS's runtime for Rust: what
//! function.py does, which says what that is.
mod call;

use futures::stream::{self, Stream};
use lambda_runtime::{service_fn, Error, LambdaEvent, StreamResponse};
use serde_json::{json, Value};
use std::{
    env, process,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

static INVOCATIONS: AtomicU64 = AtomicU64::new(0);

async fn handler(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let n = INVOCATIONS.fetch_add(1, Ordering::SeqCst) + 1;
    let mut echo = event.payload["echo"].clone();
    match event.payload["do"].as_str() {
        Some("tenant") => echo = event.context.tenant_id.clone().into(),
        Some("call") => {
            let trace = event.payload["trace"].as_bool().unwrap_or(false);
            let trace = event.context.xray_trace_id.as_deref().filter(|_| trace);
            echo = call::call(event.payload["key"].as_str().unwrap_or_default(), trace).await?.into();
        }
        Some("raise") => return Err("raised on purpose".into()),
        Some("exit") => process::exit(3),
        Some("sleep") => {
            println!("the function waits");
            tokio::time::sleep(Duration::from_secs(event.payload["seconds"].as_u64().unwrap_or(60))).await
        }
        _ => {}
    }
    Ok(json!({"invocation": n, "key": env::var("AWS_ACCESS_KEY_ID").is_ok_and(|id| !id.starts_with("ASIAREMIT")), "echo": echo}))
}

/// Answers with a stream, which ends or breaks off.
async fn pieces(event: LambdaEvent<Value>) -> Result<StreamResponse<impl Stream<Item = Result<String, Error>>>, Error> {
    let pieces = event.payload["pieces"].as_array().cloned().unwrap_or_default();
    let mut all: Vec<Result<String, Error>> = pieces.iter().map(|p| Ok(p.as_str().unwrap_or_default().into())).collect();
    if event.payload["break"] == true {
        all.push(Err("broken off on purpose".into()));
    }
    Ok(stream::iter(all).into())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    if env::var("INIT").as_deref() == Ok("raise") {
        eprintln!("not started on purpose");
        process::exit(1);
    }
    if env::var("INIT").as_deref() == Ok("call") {
        println!("at the start: {}", call::call("in/start", None).await?);
    }
    if env::var("REMIT_TEST_FUNCTION").as_deref() == Ok("stream") {
        return lambda_runtime::run(service_fn(pieces)).await;
    }
    println!("the function is loaded");
    // Invocations one by one, but where Lambda says that there are several at once.
    lambda_runtime::run_concurrent(service_fn(handler)).await
}
