// crates.mjs reads the endpoint rules of a crate of the AWS SDK for Rust for
// hosts.mjs: a binary decision diagram, whose conditions and templates are
// expressions of Rust that a generator wrote. One of another form stops the run.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

// fromCrate returns what is known of the service of the crate in dir, as
// hosts.mjs has it.
export function fromCrate(dir) {
  const die = (what) => { throw new Error(`${dir}: ${what}`); };
  const read = (file) => readFileSync(join(dir, "src", file), "utf8");
  const rules = read("config/endpoint.rs");
  const between = (text, from, to) => {
    const i = text.indexOf(from), j = text.indexOf(to, i);
    return i < 0 || j < 0 ? die(`there is nothing between ${from} and ${to}`) : text.slice(i + from.length, j);
  };
  const arms = (text) => text.split(/\n *(?=\d+ => )/).slice(1).map((arm, i) => {
    const m = /^(\d+) => ([\s\S]*)$/.exec(arm);
    return Number(m[1]) === i ? m[2].replace(/\s+/g, " ").replace(/ \./g, ".").trim().replace(/,$/, "") : die(`arm ${i} begins with ${arm.slice(0, 40)}`);
  });

  const nodes = [...between(rules, "const NODES:", "\n];").matchAll(/condition_index: (-?\d+),\s+high_ref: (-?\d+),\s+low_ref: (-?\d+),/g)].flatMap((m) => m.slice(1).map(Number));
  const root = Number(/let mut current_ref: i32 = (-?\d+);/.exec(rules)?.[1] ?? die("it has no root"));
  const conditions = arms(between(rules, "match node.condition_index {", " _ => ")).map((c) => condition(c, die));
  const results = arms(between(rules, "return match (ref_val - 100_000_000) as usize {", " _ => ")).map((r) => result(r, die));

  const operations = new Map();
  let name;
  for (const file of readdirSync(join(dir, "src/operation")).filter((f) => f.endsWith(".rs"))) {
    const text = read("operation/" + file);
    const m = /Metadata::new\(\s*"([^"]+)",\s*"([^"]+)",?\s*\)/.exec(text) ?? die(`${file} has no operation`);
    name = m[2].toLowerCase().replaceAll(" ", "-");
    const prefix = /EndpointPrefix::new\((?:"([^"]+)"|format!\(\s*"([^"]+)")/.exec(text);
    const told = {};
    for (const [, field, value] of text.matchAll(/\.set_(\w+)\(Some\((true|false|"[^"]*"\.to_string\(\))\)\)/g)) told[pascal(field)] = value.startsWith('"') ? value.slice(1, value.lastIndexOf('"')) : value === "true";
    operations.set(m[1], [prefix?.[1] ?? prefix?.[2] ?? "", told]);
  }
  const signing = /SigningName::from_static\("([^"]+)"\)/.exec(read("config.rs"))?.[1] ?? die("it signs with no name");
  return { name, signing, operations, diagram: { nodes, root, conditions, results } };
}

// pascal is what a parameter is called in the rules.
const pascal = (s) => ({ use_fips: "UseFIPS", use_dual_stack: "UseDualStack", is_o_auth_endpoint: "IsOAuthEndpoint", stream_arn: "StreamARN", consumer_arn: "ConsumerARN", resource_arn: "ResourceARN", channel_arn: "ChannelARN" })[s] ??
  (/_ssa_\d+$/.test(s) ? camel(s.replace(/_ssa_\d+$/, "")) + /_ssa_\d+$/.exec(s)[0] : s.replace(/(?:^|_)([a-z])/g, (_, c) => c.toUpperCase()));
const camel = (s) => s.replace(/_([a-z])/g, (_, c) => c.toUpperCase());

// part cuts at a sign that stands in no bracket.
function part(s, at) {
  let depth = 0;
  const all = [""];
  for (let i = 0; i < s.length; i++) {
    if ("([{".includes(s[i])) depth++;
    if (")]}".includes(s[i])) depth--;
    if (depth === 0 && s.startsWith(at, i)) {
      all.push("");
      i += at.length - 1;
    } else all[all.length - 1] += s[i];
  }
  return all.map((p) => p.trim());
}

const functions = { "arn::parse_arn": "aws.parseArn", "substring::substring": "substring", "host::is_valid_host_label": "isValidHostLabel", "coalesce::coalesce!": "coalesce" };

// expression writes one of Rust as the rules have it.
function expression(s, die) {
  s = s.trim();
  const go = (x) => expression(x, die);
  let m;
  if ((m = /^"([^"]*)"(\.to_string\(\))?(\.into\(\))?$/.exec(s))) return m[1];
  if ((m = /^&?(true|false)$/.exec(s))) return m[1] === "true";
  if (/^\d+$/.test(s)) return Number(s);
  if ((m = /^(\w+)(\.clone\(\))?$/.exec(s))) return { ref: pascal(m[1]) };
  if ((m = /^&mut Some\((.*)\)$/.exec(s))) return go(m[1]);
  if ((m = /^\((.*)\)$/.exec(s)) && part(s, ")").length === 2) return go(m[1]);
  if ((m = /^if let Some\((\w+)\) = (.*) \{ \1(?:\.(\w+)\(\)(?:\.(first\(\)|get\((\d+)\))\.cloned\(\))?)? \} else \{ return false;? \}$/.exec(s))) {
    const of = go(m[2]);
    if (!m[3]) return of;
    const name = { supports_fips: "supportsFIPS", resource_id: "resourceId" }[m[3]] ?? camel(m[3]);
    return { fn: "getAttr", argv: [of, m[4] ? `${name}[${m[5] ?? 0}]` : name] };
  }
  if ((m = /^partition_resolver\.resolve_partition\((.*)\)$/.exec(s))) return { fn: "aws.partition", argv: [go(part(m[1], ",")[0])] };
  if ((m = /^crate::endpoint_lib::(\w+::\w+!?)\((.*)\)$/.exec(s)) && functions[m[1]]) return { fn: functions[m[1]], argv: part(m[2], ",").filter((a) => a && a !== "_diagnostic_collector").map(go) };
  return die(`the expression ${s} is not known`);
}

// condition returns what a node asks: [function, arguments, variable].
function condition(s, die) {
  const closure = /^\(\|_diagnostic_collector: [^|]*\| -> bool \{ ((?:let \w+ = &(?:mut )?(?:context|self)\.\w+; )*)(.*) \}\)\(&mut _diagnostic_collector\)$/.exec(s);
  if (closure) s = closure[2];
  let m;
  if ((m = /^(\w+)\.is_some\(\)$/.exec(s))) return ["isSet", [{ ref: pascal(m[1]) }]];
  if ((m = /^\{ \*(\w+) = (.*?)\.map\(\|inner\| inner\.into\(\)\); \1\.is_some\(\) \}$/.exec(s))) {
    const e = expression(m[2], die);
    return [e.fn, e.argv, pascal(m[1])];
  }
  const sides = part(s, " == ");
  if (sides.length === 2) {
    const argv = sides.map((x) => expression(x, die));
    return [typeof argv[1] === "boolean" ? "booleanEquals" : "stringEquals", argv];
  }
  const e = expression(s, die);
  return e.fn ? [e.fn, e.argv] : die(`the condition ${s} is not known`);
}

// result returns what an end says: [URL, properties], or nothing of an error.
function result(s, die) {
  if (s.includes("ResolveEndpointError::message(")) return [];
  const value = (x) => {
    let m;
    if ((m = /^"([^"]*)"(\.to_string\(\))?$/.exec(x))) return m[1];
    if ((m = /^&?(\w+)\.(\w+)\(\)$/.exec(x))) return m[2] === "as_ref" ? `{${pascal(m[1])}}` : `{${pascal(m[1])}#${{ name: "name" }[m[2]] ?? camel(m[2])}}`;
    return die(`${x} of an end is not known`);
  };
  let url;
  const whole = /\.url\((?:\{ let mut out = String::new\(\);(.*?) out \}|([^()]*(?:\(\))?))\)/.exec(s) ?? die(`the end ${s} has no URL`);
  if (whole[1]) url = [...whole[1].matchAll(/out\.push_str\((.*?)\);/g)].map((m) => value(m[1])).join("");
  else url = whole[2] === "endpoint.to_owned()" ? "{Endpoint}" : value(whole[2]);
  const schemes = [...s.matchAll(/EndpointAuthScheme::with_capacity\("([^"]+)"(?:\.to_string\(\))?, \d+\)((?:\.put\("\w+", (?:[^()]|\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))*\))*)/g)];
  if (schemes.length !== s.split("auth_scheme(").length - 1 || schemes.join("").split(".put(").length !== 2 * s.split(".put(").length - 1) die(`the end ${s} has schemes of another form`);
  const authSchemes = schemes.map((m) => {
    const scheme = { name: m[1] };
    for (const [, k, v] of m[2].matchAll(/\.put\("(\w+)", ((?:[^()]|\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))*)\)/g)) scheme[k] = k === "signingRegionSet" ? ["*"] : k === "disableDoubleEncoding" ? v === "true" : value(v.trim());
    return scheme;
  });
  return [url, authSchemes.length ? { authSchemes } : {}];
}
