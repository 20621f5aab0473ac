//! The function that the end-to-end tests run on AWS's runtime for Rust: what
//! function.py does, which says what that is.
use lambda_runtime::{service_fn, Error, LambdaEvent};
use serde_json::{json, Value};
use std::{
    env, process,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

static INVOCATIONS: AtomicU64 = AtomicU64::new(0);

async fn handler(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let n = INVOCATIONS.fetch_add(1, Ordering::SeqCst) + 1;
    match event.payload["do"].as_str() {
        Some("raise") => return Err("raised on purpose".into()),
        Some("exit") => process::exit(3),
        Some("sleep") => {
            println!("the function waits");
            tokio::time::sleep(Duration::from_secs(event.payload["seconds"].as_u64().unwrap_or(60))).await
        }
        _ => {}
    }
    Ok(json!({"invocation": n, "key": env::var("AWS_SECRET_ACCESS_KEY").is_ok(), "echo": event.payload["echo"]}))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    if env::var("INIT").as_deref() == Ok("raise") {
        eprintln!("not started on purpose");
        process::exit(1);
    }
    println!("the function is loaded");
    lambda_runtime::run(service_fn(handler)).await
}
