// hosts.mjs writes zhosts.go: every host that the endpoint rules of AWS's SDKs
// can produce, and which of them a service has in a region.
//
//	node hosts.mjs CLIENTS MODELS CRATES > ../zhosts.go
//
// CLIENTS is a directory of unpacked npm packages @aws-sdk/*, MODELS one of
// Smithy models in JSON, which stand in for clients that are older than schemas
// are, or that have none: see models.mjs. CRATES is one of crates of the AWS SDK
// for Rust, which are newer than both: see crates.mjs.
//
// A rule set is a tree or a binary decision diagram of conditions, at whose ends
// are host templates and errors. The templates say what hosts there are; asking
// for each region says which one it has. What is not known here, be it a
// variable, a function or a form, stops the run.
import { readFileSync, readdirSync, existsSync } from "node:fs";
import { join } from "node:path";
import { fromCrate } from "./crates.mjs";

const [clients, models, crates] = process.argv.slice(2);
if (!crates) throw new Error("usage: node hosts.mjs CLIENTS MODELS CRATES");

// The hosts of these are read by hand (s3host.go, dynamodbhost.go), S3's way back
// as well.
const byHand = new Set(["s3", "s3-control", "dynamodb", "dynamodb-streams"]);

const die = (what) => { throw new Error(what); };

// evaluate runs a module of data: imports are given, exports returned.
function evaluate(file, given = {}) {
  const names = [];
  const text = readFileSync(file, "utf8")
    .replace(/^import [\s\S]*? from "[^"]+";$/gm, "")
    .replace(/^export const (\w+)/gm, (_, name) => (names.push(name), `const ${name}`));
  return new Function(...Object.keys(given), `"use strict"; ${text}\nreturn {${names.join(",")}};`)(...Object.values(given));
}

const core = join(clients, "core");
const partitions = evaluate(join(core, "dist-es/submodules/client/util-endpoints/lib/aws/partitions.js"),
  {}).partitionsInfo.partitions.map((p) => ({ ...p.outputs, id: p.id, regex: new RegExp(p.regionRegex), regions: Object.keys(p.regions).sort() }));
for (const p of partitions) {
  p.global = p.regions.find((r) => r.startsWith("aws-"));
  // A region that nobody has heard of yet: what the rules say of it they say
  // of every region that they do not name.
  p.unheard = p.regions.find((r) => !r.startsWith("aws-")).replace(/-[a-z]+-\d+$/, "-north-97");
  p.regex.test(p.unheard) || die(`no region like ${p.unheard} in ${p.id}`);
}
const partitionOf = (region) =>
  partitions.find((p) => p.regions.includes(region)) ?? partitions.find((p) => p.regex.test(region)) ?? partitions.find((p) => p.id === "aws");

// ---- The rules.

function parseArn(s) {
  const part = s.split(":");
  if (part.length < 6 || part[0] !== "arn") return null;
  const [, partition, service, region, accountId] = part;
  return { partition, service, region, accountId, resourceId: part.slice(5).join(":").split(/[:/]/) };
}
const attribute = (value, path) => path.split(/[.[\]]+/).filter(Boolean).reduce((v, key) => v?.[key], value);
const functions = {
  isSet: (v) => v != null,
  not: (v) => !v,
  booleanEquals: (a, b) => a === b,
  stringEquals: (a, b) => a === b,
  getAttr: attribute,
  isValidHostLabel: (s, dots) => (dots ? s.split(".") : [s]).every((l) => /^(?!-)[a-zA-Z0-9-]{1,63}(?<!-)$/.test(l)),
  "aws.partition": (region) => partitionOf(region),
  "aws.parseArn": parseArn,
  coalesce: (...values) => values.find((v) => v != null),
  ite: (c, a, b) => (c ? a : b),
  substring: (s, start, stop, reverse) =>
    s == null || start >= stop || s.length < stop ? null : reverse ? s.substring(s.length - stop, s.length - start) : s.substring(start, stop),
  split: (s, by, limit) => (limit ? s.split(by, limit) : s.split(by)),
};

// A source is what is known of a service: how it signs, its rules, and what
// operations put before the host and tell the rules.
function fromClient(name) {
  const dir = join(clients, `client-${name}`, "dist-es");
  const read = (file) => (existsSync(join(dir, file)) ? readFileSync(join(dir, file), "utf8") : "");
  const signing = /defaultSigningName: "([^"]+)"/.exec(read("endpoint/EndpointParameters.js"))?.[1] ?? die(`client-${name} has no signing name`);
  const source = { name, signing, schemas: read("schemas/schemas_0.js") !== "", operations: new Map(), version: JSON.parse(read("../package.json")).version };
  if (read("endpoint/bdd.js")) {
    const BinaryDecisionDiagram = { from: (nodes, root, conditions, results) => ({ nodes, root, conditions, results }) };
    source.diagram = evaluate(join(dir, "endpoint/bdd.js"), { BinaryDecisionDiagram }).bdd;
  } else {
    existsSync(join(dir, "endpoint/ruleset.js")) || die(`client-${name} has neither endpoint/bdd.js nor endpoint/ruleset.js: its rules are of another form`);
    source.tree = evaluate(join(dir, "endpoint/ruleset.js")).ruleSet;
  }
  const at = (op) => source.operations.get(op) ?? source.operations.set(op, ["", {}]).get(op);

  const schemas = read("schemas/schemas_0.js");
  const key = /^const (\w+) = "endpoint";$/m.exec(schemas)?.[1];
  if (key) {
    const names = new Map([...schemas.matchAll(/^const (\w+) = "(\w+)";$/gm)].map((m) => [m[1], m[2]]));
    for (const m of schemas.matchAll(/^export var \w+\$? = \[9, \w+, (\w+),\s*\{([^\n]*)\}, \(\) =>/gm)) {
      const p = new RegExp(`\\[${key}\\]: \\["([^"]*)"\\]`).exec(m[2]);
      if (p) at(names.get(m[1]) ?? die(`client-${name}: ${m[1]} has no name`))[0] = p[1];
    }
  }
  const known = /(\w+): \{ type: "staticContextParams", value: (`[^`]*`|true|false) \}/g;
  const statics = (text) => {
    const all = [...text.matchAll(known)];
    all.length === text.split('"staticContextParams"').length - 1 || die(`client-${name}: what an operation tells the rules is of another form`);
    return Object.fromEntries(all.map((m) => [m[1], m[2].startsWith("`") ? m[2].slice(1, -1) : m[2] === "true"]));
  };
  const sets = new Map([...read("commandBuilder.js").matchAll(/^export const (_ep\d+) = \{([\s\S]*?)^\};/gm)].map((m) => [m[1], statics(m[2])]));
  for (const file of readdirSync(join(dir, "commands"))) {
    const op = /^(\w+)Command\.js$/.exec(file)?.[1];
    if (!op) continue;
    const text = read(`commands/${file}`);
    Object.assign(at(op)[1], sets.get(/command\((_ep\d+)/.exec(text)?.[1]) ?? statics(text));
  }
  return source;
}
function fromModel(file) {
  const { shapes } = JSON.parse(readFileSync(join(models, file), "utf8"));
  const [, service] = Object.entries(shapes).find(([, s]) => s.type === "service") ?? die(`${file} has no service`);
  const traits = service.traits;
  const id = traits["aws.api#service"]?.sdkId ?? die(`${file} has no aws.api#service`);
  const operations = new Map();
  for (const [target, s] of Object.entries(shapes)) {
    if (s.type !== "operation") continue;
    const told = Object.entries(s.traits?.["smithy.rules#staticContextParams"] ?? {}).map(([k, v]) => [k, v.value]);
    operations.set(target.split("#")[1], [s.traits?.["smithy.api#endpoint"]?.hostPrefix ?? "", Object.fromEntries(told)]);
  }
  return { name: id.toLowerCase().replaceAll(" ", "-"), signing: traits["aws.auth#sigv4"]?.name, tree: traits["smithy.rules#endpointRuleSet"], operations };
}

class Rules {
  constructor(source) {
    Object.assign(this, source);
    if (this.diagram) {
      this.endpoints = this.diagram.results.filter(([url]) => url !== -1 && url !== undefined).map(([url, properties]) => ({ url, properties }));
      return;
    }
    ["1.0", "1.1"].includes(this.tree.version) || die(`${this.name}: rule sets of version ${this.tree.version} are not known`);
    this.endpoints = [];
    const walk = (rules) => rules.forEach((r) =>
      r.type === "tree" ? walk(r.rules) : r.type === "endpoint" ? this.endpoints.push(r.endpoint) : r.type === "error" || die(`${this.name}: a rule of type ${r.type} is not known`));
    walk(this.tree.rules);
  }

  value(x, scope) {
    if (Array.isArray(x)) return x.map((v) => this.value(v, scope));
    if (typeof x === "string") return this.fill(x, scope);
    if (typeof x !== "object" || x === null) return x;
    if ("ref" in x) return scope[x.ref];
    if ("fn" in x) return this.call(x.fn, x.argv, scope);
    return Object.fromEntries(Object.entries(x).map(([k, v]) => [k, this.value(v, scope)]));
  }
  fill(s, scope) {
    return s.replace(/\{([^{}]+)\}/g, (_, path) => {
      const [name, attr] = path.split("#");
      const v = attr ? attribute(scope[name], attr) : scope[name];
      return v ?? die(`${this.name}: ${path} of ${s} is not set`);
    });
  }
  call(fn, argv, scope) {
    const f = functions[fn] ?? die(`${this.name}: function ${fn} is not known`);
    return f(...argv.map((a) => this.value(a, scope)));
  }
  // resolve returns {host, signing, region} for parameters, or null where the
  // rules say an error.
  resolve(parameters) {
    const scope = { ...parameters };
    const found = this.tree ? this.branch(this.tree.rules, scope) : this.walk(scope);
    if (!found) return null;
    const scheme = (this.value(found.properties ?? {}, scope).authSchemes ?? [])[0] ?? {};
    return {
      host: hostOf(this.value(found.url, scope), this.name),
      signing: scheme.signingName ?? this.signing,
      region: scheme.signingRegion ?? (scheme.signingRegionSet ? "*" : ""),
    };
  }
  walk(scope) {
    const { nodes, root, conditions, results } = this.diagram;
    let at = root;
    while (Math.abs(at) !== 1 && at < 100_000_000) {
      const n = 3 * (Math.abs(at) - 1);
      const [fn, argv, as] = conditions[nodes[n]];
      const yes = this.holds(fn, argv, as, scope);
      at = at >= 0 === yes ? nodes[n + 1] : nodes[n + 2];
    }
    if (at < 100_000_000) return null;
    const [url, properties] = results[at - 100_000_000];
    return url === -1 || url === undefined ? null : { url, properties };
  }
  // branch returns an endpoint, null for an error, or undefined where no rule
  // of them applies.
  branch(rules, scope) {
    for (const r of rules) {
      const inner = { ...scope };
      if (!(r.conditions ?? []).every((c) => this.holds(c.fn, c.argv, c.assign, inner))) continue;
      if (r.type === "error") return null;
      if (r.type === "endpoint") return this.value(r.endpoint, inner) && { url: this.value(r.endpoint.url, inner), properties: this.value(r.endpoint.properties, inner) };
      const found = this.branch(r.rules, inner);
      return found === undefined ? die(`${this.name}: a tree without a leaf`) : found;
    }
  }
  holds(fn, argv, as, scope) {
    const v = this.call(fn, argv, scope);
    if (as !== undefined) scope[as] = v;
    return v != null && v !== false;
  }
}
const hostOf = (u, name) => (/^https:\/\/([^/]+)/.exec(u) ?? die(`client-${name}: ${u} is no https URL`))[1];

// ---- Templates: what hosts there are.

// A pattern is a template as zhosts.go has it:
//
//	*  a region                     #  an account
//	!  a partition's one region     ?  what a customer's resource is called
//	@  a partition's domain, for IPv4 alone    ^  the one for both, dualstack
const customers = /^(SpaceId|StreamIdPrefixValue|StreamIdSuffixValue|(resourceId|channelId|queueId)(_ssa_\d+)?)$/;
function patterns(template, name) {
  if (typeof template !== "string" || /^\{(url#scheme|Endpoint)|^http:\/\/localhost|CustomEndpointSuffixValue/.test(template)) return []; // a custom endpoint
  const host = hostOf(template, name).replace(/\{([^{}]+)\}/g, (_, v) => {
    if (v.endsWith("#dnsSuffix")) return "@";
    if (v.endsWith("#dualStackDnsSuffix")) return "^";
    if (v.endsWith("#implicitGlobalRegion")) return "!";
    if (v === "Region" || v.endsWith("#region")) return "*";
    if (v === "AccountId" || v.endsWith("#accountId")) return "#";
    if (v === "OperationType") return "$";
    if (v === "EndpointId") return "%"; // one label or two
    return customers.test(v) ? "?" : die(`${name}: variable ${v} of ${template} is not known`);
  });
  const all = host.includes("$") ? ["data", "control"].map((type) => host.replace("$", type)) : host.includes("%") ? ["?", "?.?"].map((id) => host.replace("%", id)) : [host];
  return all.map(cut);
}
// cut writes a domain as its sign. A host that names one region keeps it.
function cut(host) {
  if (/\.[@^]$/.test(host)) return host.slice(0, -2) + host.at(-1);
  const suffixes = partitions.flatMap((p) => [[p.dnsSuffix, "@"], [p.dualStackDnsSuffix, "^"]]).sort(([a], [b]) => b.length - a.length);
  const [suffix, sign] = suffixes.find(([s]) => host.endsWith("." + s)) ?? [];
  // Without a region, the domain says which partition it is.
  if (suffix && (host.includes("*") || partitions.some((p) => p.regions.some((r) => host.split(".").includes(r))))) return host.slice(0, -suffix.length - 1) + sign;
  return host;
}

// ---- All of it.

const sourcesFile = new URL("sources.txt", import.meta.url);

const sources = new Map();
for (const file of readdirSync(models).filter((f) => f.endsWith(".json"))) {
  const source = fromModel(file);
  if (source.tree && source.signing) sources.set(source.name, source); // what has none is called without IAM
}
const newest = [], older = [];
for (const dir of readdirSync(clients).filter((d) => d.startsWith("client-"))) {
  const source = fromClient(dir.slice("client-".length));
  if (source.schemas || !sources.has(source.name)) sources.set(source.name, source);
  (source.schemas ? newest : older).push(source.version);
}
newest.length > 0 || die(`no clients in ${clients}`);
// AWS Sign-In has its hosts under domains of its own, which are none of an API's.
const newer = readdirSync(crates).filter((dir) => dir !== "aws-sdk-signin").map((dir) => fromCrate(join(crates, dir)));
for (const source of newer) sources.set(source.name, source);
const found = new Map(); // pattern: {services, regions that calls are signed for}
const ways = [], told = [];

function find(pattern, service, region) {
  const at = found.get(pattern) ?? found.set(pattern, { services: new Set(), regions: new Set() }).get(pattern);
  at.services.add(service);
  if (region) at.regions.add(region);
}

// Kinds are what a client can ask for: the plain host, FIPS, dualstack, both.
const kinds = ["", "f", "d", "fd"];
// These stand for what only a request says.
const asked = { AccountIdEndpointMode: "disabled", KvsARN: "arn:aws:cloudfront::111122223333:key-value-store/remit" };

// form is the host of a region, as a pattern, with =REGION where calls to it
// are signed for another one; "-" where the rules have none.
function form(rules, region, kind, parameters) {
  const at = rules.resolve({ ...asked, ...parameters, Region: region, UseFIPS: kind.includes("f"), UseDualStack: kind.includes("d") });
  if (!at) return "-";
  const p = partitionOf(region);
  const sign = (l) => (l === region ? "*" : l === p.implicitGlobalRegion ? "!" : l === "111122223333" ? "#" : l);
  let host = at.host.split(".").map(sign).join(".");
  const [suffix, mark] = [[p.dualStackDnsSuffix, "^"], [p.dnsSuffix, "@"]].find(([s]) => host.endsWith("." + s)) ?? ["", ""];
  if (mark) host = host.slice(0, -suffix.length - 1) + mark;
  return host + (at.region && at.region !== region ? "=" + (at.region === "*" ? "*" : sign(at.region)) : "");
}
// expand is what a form comes to in a region.
function expand(form, region) {
  const p = partitionOf(region);
  const [host, sign = "*"] = form.split("=");
  const fill = (s) => s.replaceAll("*", region).replaceAll("!", p.implicitGlobalRegion);
  return fill(host).replace("@", "." + p.dnsSuffix).replace("^", "." + p.dualStackDnsSuffix) + "=" + (form.includes("=*") ? "*" : fill(sign));
}
const most = (list) => {
  const n = new Map();
  for (const x of list) n.set(x, (n.get(x) ?? 0) + 1);
  return [...n].sort((a, b) => b[1] - a[1])[0][0];
};
// A way is a service's name before the region, as "api.ecr", and what differs
// from the four hosts that this makes: [SCOPE]KIND:FORM, for all partitions, for one,
// for a region.
function way(rules, parameters) {

  const forms = kinds.map((kind) => [kind, new Map(partitions.map((p) => [p.id, form(rules, p.unheard, kind, parameters)]))]);
  const name = most([...forms[0][1].values()]).replace(/=.*|[@^]$/g, "").replace(/[@^]$/, "").replace(/\.[*!]$/, "");
  const standard = { "": `${name}.*@`, f: `${name}-fips.*@`, d: `${name}.*^`, fd: `${name}-fips.*^` };
  const differ = [];
  for (const [kind, of] of forms) {
    const general = most([...of.values()]);
    if (general !== standard[kind]) differ.push(`/${kind}:${general}`);
    for (const p of partitions) {
      const here = of.get(p.id);
      if (expand(here, p.unheard) !== expand(general, p.unheard)) differ.push(`${p.id}/${kind}:${here}`);
      for (const region of p.regions.filter((r) => r !== p.global)) {
        const there = form(rules, region, kind, parameters);
        if (expand(there, region) !== expand(here, region)) differ.push(`${region}/${kind}:${there}`);
      }
    }
  }
  return [name, ...differ];
}

for (const name of [...sources.keys()].sort()) {
  const rules = new Rules(sources.get(name));
  if (name === "s3" || name === "s3-control") continue;
  const ops = rules.operations;
  const labels = [...new Set([...ops.values()].map(([p]) => p.replace("{AccountId}", "#").replace(/\{\w+\}/g, "?")))].filter(Boolean);
  labels.forEach((p) => /^([#?]\.)*([a-z][a-z.-]*[.-])?$/.test(p) || die(`client-${name}: host prefix ${p} is not known`));
  for (const { url, properties } of byHand.has(name) ? [] : rules.endpoints) {
    for (const pattern of patterns(url, name)) {
      const region = (properties?.authSchemes?.[0]?.signingRegion ?? "").replace(/^\{.*#implicitGlobalRegion\}$/, "!").replace("{Region}", "");
      find(pattern, name, region);
      for (const p of labels) if (!/^[#?]/.test(pattern)) find(p + pattern, name, region);
    }
  }
  // What an operation tells the rules matters where another host comes of it.
  const usual = way(rules, {}).join("\t");
  const variants = new Map();
  ways.push(`${name}\t${rules.signing}\t${usual}`);
  for (const [op, [prefix, parameters]] of ops) {
    const set = JSON.stringify(parameters);
    if (!variants.has(set)) {
      const other = way(rules, parameters).join("\t");
      const n = other === usual ? "" : `${name}/${1 + [...variants.values()].filter(Boolean).length}`;
      if (n) ways.push(`${n}\t${rules.signing}\t${other}`);
      variants.set(set, n);
    }
    const p = prefix.replace("{AccountId}", "#").replace(/\{\w+\}/g, "?");
    if (p || variants.get(set)) told.push([name, variants.get(set) || name, p, op]);
  }
}

// What another pattern says already need not be said again; what is said once
// more is said whole, since the narrower pattern is the one that counts.
for (const [pattern, { services }] of [...found]) {
  const labels = pattern.replace(/[@^]$/, "").split(".");
  for (const p of partitions) {
    const i = labels.findIndex((l) => p.regions.includes(l));
    if (i < 0) continue;
    for (const sign of labels[i] === p.implicitGlobalRegion ? ["*", "!"] : ["*"]) {
      const general = found.get(labels.with(i, sign).join(".") + (/[@^]$/.exec(pattern)?.[0] ?? ""));
      if (!general) continue;
      if ([...services].every((s) => general.services.has(s))) services.clear();
      else general.services.forEach((s) => services.add(s));
    }
  }
}
const table = new Map();
for (const [pattern, { services, regions }] of found) {
  if (services.size === 0) continue;
  const named = /[*!]/.test(pattern) || partitions.some((p) => pattern.split(/[.@^]/).some((l) => p.regions.includes(l)));
  if (!named && regions.size > 1) die(`${pattern} is signed for several regions: ${[...regions]}`);
  table.set(pattern, [[...services].sort().join(","), named ? "" : [...regions][0] ?? ""]);
}
// A name that has all four hosts has a line for them all.
for (const [pattern, [services]] of [...table]) {
  const name = /^(.*)\.\*@$/.exec(pattern)?.[1];
  const four = name && [`${name}.*@`, `${name}-fips.*@`, `${name}.*^`, `${name}-fips.*^`];
  if (!four || !four.every((f) => table.get(f)?.[0] === services)) continue;
  four.forEach((f) => table.delete(f));
  table.set(name, [services, ""]);
}
const byBytes = (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b));
const lines = (list) => list.sort(byBytes).map((l) => l + "\n").join("");
const hosts = lines([...table].map(([pattern, [services, region]]) => [pattern, services, region].join("\t").trimEnd()));
const grouped = new Map();
for (const [name, way, prefix, op] of told) {
  const k = [name, prefix, way === name ? "" : way].join("\t");
  grouped.set(k, [...(grouped.get(k) ?? []), op]);
}

const latest = newest.sort((a, b) => a.localeCompare(b, "en", { numeric: true })).at(-1);
const pinned = /^github\S+ (\S+)$/m.exec(existsSync(sourcesFile) ? readFileSync(sourcesFile, "utf8") : "")?.[1] ?? "unpinned";
const revision = `@aws-sdk/core ${JSON.parse(readFileSync(join(core, "package.json"), "utf8")).version}; ${newest.length} clients up to ${latest}, ${newer.length} crates, the other services from models at ${pinned.slice(0, 12)}`;
process.stdout.write(`// Code generated by gen/hosts.mjs. DO NOT EDIT.

package aws

// hostsRevision is what the hosts were read from.
const hostsRevision = ${JSON.stringify(revision)}

// hostPatterns has a line for each host that a service can have, sorted by
// bytes: the pattern, the services, and for a host without a region the one
// that its calls are signed for. In a pattern, * is a region, ! the region of a
// partition's global services, # an account, ? what a customer's resource is
// called; it ends in @ for a partition's domain and in ^ for its dualstack
// one. A name alone is NAME.*@, NAME-fips.*@, NAME.*^ and NAME-fips.*^.
const hostPatterns = \`${hosts}\`

// hostWays has a line for each service: its name, the name that it signs with,
// the name that its hosts begin with, and where they are others than that makes
// SCOPE/KIND:FORM, SCOPE being a region, a partition, or nothing for all of
// them, KIND f for FIPS and d for dualstack, and FORM a pattern, or - for none,
// followed by = and the region to sign for where it is another.
const hostWays = \`${lines(ways)}\`

// hostPrefixes says which operations have another host than their service: its
// name, what stands before the host, the line of hostWays if it is another,
// and the operations.
const hostPrefixes = \`${lines([...grouped].map(([k, ops]) => [k, ops.sort(byBytes).join(" ")].join("\t")))}\`
`);
