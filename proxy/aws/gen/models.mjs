// models.mjs prints what AWS's own models say of every operation, as JSON, one
// service a line, for the Go program beside it.
//
//	node models.mjs CLIENTS MODELS
//
// CLIENTS is a directory of unpacked npm packages @aws-sdk/client-*, whose
// schemas are data in the form of a program: it is run here without what it
// imports. MODELS is a directory of Smithy models in JSON, as the AWS SDK for
// Kotlin has them: they stand in for clients whose npm package is older than
// schemas are, or that have none.
import fs from "node:fs";
import path from "node:path";
import vm from "node:vm";

const [clients, models] = process.argv.slice(2);
if (!clients || !models) {
  console.error("usage: node models.mjs CLIENTS MODELS");
  process.exit(2);
}
const die = (message) => {
  console.error("models.mjs: " + message);
  process.exit(1);
};

// How deep members of members are listed.
const depth = 3;

// ---- npm: dist-es/schemas/schemas_0.js, as @smithy/core/schema writes it.

const simple = { 0: "string", 1: "number", 2: "boolean", 4: "timestamp", 5: "timestamp", 6: "timestamp", 7: "timestamp", 15: "document", 17: "number", 19: "number", 21: "blob", 42: "stream" };
const bits = ["httpLabel", "idempotent", "idempotencyToken", "sensitive", "httpPayload", "httpResponseCode", "httpQueryParams"];

function traitsOf(t) {
  if (t === undefined || t === 0) return {};
  if (typeof t === "number") {
    const all = {};
    bits.forEach((name, i) => (t >> i) & 1 && (all[name] = 1));
    return all;
  }
  return typeof t === "object" ? t : die("traits " + JSON.stringify(t));
}

// resolve returns a schema's kind, its traits and what it is made of.
function resolve(s) {
  let traits = {};
  for (;;) {
    if (typeof s === "function") s = s();
    else if (Array.isArray(s) && Array.isArray(s[0]) || Array.isArray(s) && s.length === 2) {
      traits = { ...traitsOf(s[1]), ...traits };
      s = s[0];
    } else if (Array.isArray(s) && typeof s[0] === "function") s = s[0];
    else break;
  }
  if (typeof s === "number") {
    if (s & 64) return { kind: "list", traits, of: s & ~64 };
    if (s & 128) return { kind: "map", traits, of: s & ~128 };
    return { kind: simple[s] ?? die("simple schema " + s), traits };
  }
  if (s === "unit") return { kind: "struct", traits, members: [], types: [], required: 0 };
  if (!Array.isArray(s)) die("schema " + String(s));
  traits = { ...traitsOf(s[3]), ...traits };
  switch (s[0]) {
    case 0: return { ...resolve(s[4]), traits: { ...resolve(s[4]).traits, ...traits }, name: s[2] };
    case 1: return { kind: "list", traits, of: s[4], name: s[2] };
    case 2: return { kind: "map", traits, of: s[5], name: s[2] };
    case 3: return { kind: "struct", traits, members: s[4], types: s[5], required: s[6] ?? 0, name: s[2] };
    case 4: return { kind: "struct", traits, members: s[4], types: s[5], required: s[6] ?? 0, name: s[2], union: true };
    case -3: return { kind: "struct", traits, members: s[4], types: s[5], required: 0, name: s[2] };
    default: return die("schema of type " + s[0]);
  }
}

function npmMembers(schema, level) {
  const all = [];
  schema.members.forEach((name, i) => {
    const type = schema.types[i];
    const own = Array.isArray(type) && type.length === 2 && typeof type[0] !== "undefined" && !(typeof type[0] === "number" && [0, 1, 2, 3, 4, -3].includes(type[0]) && type.length > 2) ? traitsOf(type[1]) : {};
    const r = resolve(type);
    all.push(member(name, own, r, i < schema.required, level, () => npmMembers(r, level + 1), () => {
      const of = r.of, e = resolve(of);
      return { traits: Array.isArray(of) && of.length === 2 ? traitsOf(of[1]) : {}, kind: e.kind, members: () => npmMembers(e, level + 1) };
    }));
  });
  return all;
}

// ---- what both sources come to.

const bound = ["httpLabel", "httpQuery", "httpHeader", "httpPrefixHeaders", "httpPayload", "httpQueryParams", "hostLabel", "jsonName", "xmlName", "xmlFlattened", "ec2QueryName", "streaming", "arn"];

function member(name, traits, type, required, level, members, element) {
  const m = { name, kind: type.kind };
  if (required) m.required = true;
  if (type.name) m.shape = type.name;
  for (const b of bound) {
    const v = b === "streaming" || b === "arn" ? (traits[b] ?? type.traits?.[b]) : traits[b];
    if (v !== undefined) m[b] = v === 1 ? true : v;
  }
  if (level < depth && type.kind === "struct") m.members = members();
  if (type.kind === "list") {
    const e = element();
    m.of = { kind: e.kind };
    if (e.traits.xmlName) m.of.xmlName = e.traits.xmlName;
    if (level < depth && e.kind === "struct") m.of.members = e.members();
  }
  return m;
}

const protocolNames = {
  AwsJson1_0Protocol: "json1.0", AwsJson1_1Protocol: "json1.1", AwsQueryProtocol: "query", AwsEc2QueryProtocol: "ec2",
  AwsRestJsonProtocol: "rest-json", AwsRestXmlProtocol: "rest-xml", S3RestXmlProtocol: "rest-xml", SmithyRpcV2CborProtocol: "cbor",
  AwsSmithyRpcV2CborProtocol: "cbor",
};

function read(file) {
  try {
    return fs.readFileSync(file, "utf8");
  } catch (e) {
    return die(e.message);
  }
}

function one(text, pattern, what) {
  return text.match(pattern)?.[1] ?? die(what);
}

function fromPackage(dir) {
  const about = JSON.parse(read(path.join(dir, "package.json")));
  const file = path.join(dir, "dist-es/schemas/schemas_0.js");
  if (!fs.existsSync(file)) return null;
  const names = [];
  const code = read(file)
    .replace(/^import \{([^}]*)\} from .*$/gm, (_, list) => { names.push(...list.split(",").map((s) => s.trim().split(/\s+/).pop()).filter(Boolean)); return ""; })
    .replace(/^export (var|const|let) /gm, "var ")
    .replace(/^const /gm, "var ");
  if (/^(import|export)\b/m.test(code)) die(file + " imports or exports in a form that is not known");
  const sandbox = {};
  for (const n of names) sandbox[n] = class { static for() { return new this(); } registerError() {} };
  vm.createContext(sandbox);
  vm.runInContext(code, sandbox, { filename: file });

  const config = read(path.join(dir, "dist-es/runtimeConfig.shared.js"));
  const auth = read(path.join(dir, "dist-es/auth/httpAuthSchemeProvider.js"));
  const params = read(path.join(dir, "dist-es/endpoint/EndpointParameters.js"));
  const stated = config.match(/protocol: config\?\.protocol \?\?\s+(?:new )?(\w+)/)?.[1] ?? die(about.name + " states no protocol");
  const service = {
    source: about.name + "@" + about.version,
    id: one(config, /serviceId: config\?\.serviceId \?\? "([^"]+)"/, about.name + " has no service id"),
    version: one(config, /apiVersion: "([^"]+)"/, about.name + " has no version"),
    protocols: [protocolNames[stated] ?? die(about.name + " speaks " + stated)],
    target: config.match(/serviceTarget: "([^"]+)"/)?.[1] ?? "",
    queryCompatible: /awsQueryCompatible: true/.test(config),
    signing: [...new Set([...auth.matchAll(/\bname: "([^"]+)"/g)].map((m) => m[1]))],
    defaultSigning: params.match(/defaultSigningName: "([^"]+)"/)?.[1] ?? "",
    operations: [],
  };
  for (const [name, s] of Object.entries(sandbox)) {
    if (!Array.isArray(s) || s[0] !== 9) continue;
    const input = resolve(s[4]);
    const traits = traitsOf(s[3]);
    service.operations.push({
      name: s[2],
      method: traits.http?.[0] ?? "", uri: traits.http?.[1] ?? "",
      hostPrefix: traits.endpoint?.[0] ?? "",
      members: npmMembers(input, 0),
    });
  }
  return service;
}

// ---- Smithy's JSON.

const smithyKinds = { string: "string", enum: "string", integer: "number", long: "number", short: "number", byte: "number", float: "number", double: "number", bigInteger: "number", bigDecimal: "number", intEnum: "number", boolean: "boolean", timestamp: "timestamp", document: "document", blob: "blob", list: "list", set: "list", map: "map", structure: "struct", union: "struct" };
const smithyProtocols = { "aws.protocols#awsJson1_0": "json1.0", "aws.protocols#awsJson1_1": "json1.1", "aws.protocols#awsQuery": "query", "aws.protocols#ec2Query": "ec2", "aws.protocols#restJson1": "rest-json", "aws.protocols#restXml": "rest-xml", "smithy.protocols#rpcv2Cbor": "cbor" };

function fromModel(file) {
  const { shapes } = JSON.parse(read(file));
  const [id, svc] = Object.entries(shapes).find(([, s]) => s.type === "service") ?? die(file + " has no service");
  const about = svc.traits["aws.api#service"] ?? die(file + " has no aws.api#service");
  const short = (s) => s.slice(s.indexOf("#") + 1);
  const get = (target) => shapes[target] ?? (target.startsWith("smithy.api#") ? prelude(target) : die(file + " has no " + target));
  const prelude = (target) => ({ type: { Unit: "structure", PrimitiveBoolean: "boolean", PrimitiveInteger: "integer", PrimitiveLong: "long" }[short(target)] ?? short(target)[0].toLowerCase() + short(target).slice(1), members: {} });
  const plain = (traits = {}) => {
    const all = {};
    for (const [k, v] of Object.entries(traits)) {
      const name = short(k);
      if (bound.includes(name) || name === "required") all[name] = typeof v === "object" && Object.keys(v).length === 0 ? true : v;
      if (name === "arnReference") all.arn = v.type ?? true;
    }
    return all;
  };
  const membersOf = (shape, level) => Object.entries(shape.members ?? {}).map(([name, m]) => {
    const t = get(m.target), traits = plain(m.traits);
    const kind = smithyKinds[t.type] ?? die(file + ": type " + t.type);
    return member(name, traits, { kind: traits.streaming || plain(t.traits).streaming ? "stream" : kind, traits: plain(t.traits), name: short(m.target) }, traits.required !== undefined, level,
      () => membersOf(t, level + 1), () => {
        const e = get(t.member.target);
        return { traits: plain(t.member.traits), kind: smithyKinds[e.type], members: () => membersOf(e, level + 1) };
      });
  });
  const ops = new Set();
  const walk = (s) => {
    for (const list of ["operations", "collectionOperations"]) for (const o of s[list] ?? []) ops.add(o.target);
    for (const one of ["create", "put", "read", "update", "delete", "list"]) if (s[one]) ops.add(s[one].target);
    for (const r of s.resources ?? []) walk(get(r.target));
  };
  walk(svc);
  const service = {
    source: "smithy " + path.basename(file),
    id: about.sdkId, version: svc.version,
    protocols: Object.keys(svc.traits).map((t) => smithyProtocols[t]).filter(Boolean).sort(),
    target: short(id),
    queryCompatible: "aws.protocols#awsQueryCompatible" in svc.traits,
    signing: svc.traits["aws.auth#sigv4"]?.name ? [svc.traits["aws.auth#sigv4"].name] : [],
    defaultSigning: svc.traits["aws.auth#sigv4"]?.name ?? "",
    endpointPrefix: about.endpointPrefix ?? "",
    operations: [],
  };
  for (const target of ops) {
    const op = get(target), http = op.traits?.["smithy.api#http"];
    service.operations.push({
      name: short(target), method: http?.method ?? "", uri: http?.uri ?? "",
      hostPrefix: op.traits?.["smithy.api#endpoint"]?.hostPrefix ?? "",
      members: op.input ? membersOf(get(op.input.target), 0) : [],
    });
  }
  return service;
}

// ---- both.

const services = new Map();
const key = (id) => id.toLowerCase();
const extra = new Map();
for (const name of fs.readdirSync(models).sort()) {
  if (!name.endsWith(".json")) continue;
  const s = fromModel(path.join(models, name));
  extra.set(key(s.id), s);
}
for (const name of fs.readdirSync(clients).sort()) {
  if (!name.startsWith("client-")) continue;
  const s = fromPackage(path.join(clients, name));
  if (!s) {
    console.error("models.mjs: " + name + " has no schemas: the Smithy model stands for it");
    continue;
  }
  if (s.operations.length === 0) die(s.source + " has no operations");
  const old = extra.get(key(s.id));
  s.endpointPrefix = old?.endpointPrefix ?? "";
  s.protocols = [...new Set([...s.protocols, ...(old?.protocols ?? [])])];
  if (services.has(key(s.id))) die(s.source + " has the id of " + services.get(key(s.id)).source);
  services.set(key(s.id), s);
}
for (const [k, s] of extra) if (!services.has(k)) services.set(k, s);
for (const k of [...services.keys()].sort()) {
  const s = services.get(k);
  s.operations.sort((a, b) => (a.name < b.name ? -1 : 1));
  process.stdout.write(JSON.stringify(s) + "\n");
}
