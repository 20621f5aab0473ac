package audit

import (
	"fmt"
	"maps"
	"slices"
	"time"
	"unicode"
	"unicode/utf8"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// MaxLine is the most bytes that a line has, its newline included. CloudWatch
// Logs cuts an event at 256 KiB, and half a line is no JSON.
const MaxLine = 64 << 10

// What of a line each part may take, in bytes as they are written: together
// with the names less than MaxLine.
const (
	maxWord      = 256      // ids, names, hosts
	maxGrant     = 512      // a grant's position and id; what is nearest
	maxError     = 4 << 10  //
	maxResource  = 8 << 10  // a key of S3 is at most 1,024 bytes, six times that escaped
	maxContext   = 16       // keys of a request, and values of a key
	maxRequest   = 12 << 10 // one request; beyond it the context is left out
	budgetGrants = 8 << 10  // all grants
	budgetReqs   = 32 << 10 // all requests
)

// appendEntry appends e's line, and m's metrics if there are any.
func appendEntry(to []byte, e Entry, m *metrics) []byte {
	f := make(fields, 0, 37)
	f.str("time", e.Time.UTC().Format("2006-01-02T15:04:05.000Z"), maxWord)
	f.str("level", e.Level, maxWord)
	f.str("msg", e.Msg, maxWord)
	f.str("id", e.ID, maxWord)
	f.str("function", e.Function, maxWord)
	f.str("version", e.Version, maxWord)
	f.str("request_id", e.RequestID, maxWord)
	f.str("sandbox", e.Sandbox, maxWord)
	f.str("mode", e.Mode, maxWord)
	f.str("service", e.Service, maxWord)
	f.str("operation", e.Operation, maxWord)
	f.str("region", e.Region, maxWord)
	f.str("principal", e.Principal, maxWord)
	f.str("decision", e.Decision, maxWord)
	f.str("reason", string(e.Reason), maxWord)
	if e.Repeated > 0 {
		f = append(f, zap.Int("repeated", e.Repeated))
	}
	if reqs := boundRequests(e.Requests); len(reqs) > 0 {
		f = append(f, zap.Array("requests", reqs))
	}
	if e.RequestsTotal > 0 {
		f = append(f, zap.Int("requests_total", e.RequestsTotal))
	}
	if grants := boundStrings(e.Grants, maxGrant, budgetGrants); len(grants) > 0 {
		f = append(f, zap.Strings("grants", grants))
	}
	f.str("nearest", e.Nearest, maxGrant)
	f.str("width", string(e.Width), maxWord)
	f.str("access_key_id", e.AccessKeyID, maxWord)
	f.str("aws_request_id", e.AWSRequestID, maxWord)
	if e.Msg == Exposed && e.MintMS != 0 {
		f = append(f, zap.Float64("mint_ms", finite(e.MintMS)))
	}
	if e.Msg != Counted && e.Msg != Exposed {
		f = append(f, zap.Int("status", e.Status), zap.Float64("took_ms", finite(e.TookMS)))
		if e.MintMS != 0 {
			f = append(f, zap.Float64("mint_ms", finite(e.MintMS)))
		}
		f = append(f, zap.Int64("bytes_in", e.BytesIn), zap.Int64("bytes_out", e.BytesOut))
	}
	f.str("host", e.Host, maxWord)
	f.str("error", e.Error, maxError)
	if m != nil {
		f = append(f, m.fields()...)
	}
	return f.append(to)
}

// fields are a line's, in its order.
type fields []zapcore.Field

// str adds a string, unless it is empty.
func (f *fields) str(name, value string, most int) {
	if value != "" {
		*f = append(*f, zap.String(name, cut(value, most)))
	}
}

// append appends the line.
func (f fields) append(to []byte) []byte {
	// Without its keys the encoder writes the fields alone: ours begin with
	// the time, zap's with the level.
	buf, err := zapcore.NewJSONEncoder(zapcore.EncoderConfig{}).EncodeEntry(zapcore.Entry{}, f)
	if err != nil {
		panic("audit: internal error: " + err.Error())
	}
	defer buf.Free()
	return plain(to, buf.Bytes())
}

// plain appends a line of JSON with everything escaped in it that does not
// print, its newline excepted. zap escapes what JSON must; what a terminal
// acts on or a reader takes for the end of a line is more: U+0085, U+2028, the
// C1 controls, and those that turn the direction of text. Such a character
// stands in a string, so its escape means the same.
func plain(to, line []byte) []byte {
	for i := 0; i < len(line); {
		r, n := utf8.DecodeRune(line[i:])
		switch {
		case r == '\n' && i == len(line)-1, printable(r):
			to = append(to, line[i:i+n]...)
		case r > 0xffff:
			r -= 0x10000
			to = fmt.Appendf(to, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			to = fmt.Appendf(to, `\u%04x`, r)
		}
		i += n
	}
	return to
}

func printable(r rune) bool {
	if r < utf8.RuneSelf {
		return r >= ' ' && r != 0x7f
	}
	return unicode.IsPrint(r)
}

// width is how many bytes r takes when it is written, at most.
func width(r rune, n int) int {
	switch {
	case r == '"' || r == '\\':
		return 2
	case r == utf8.RuneError && n == 1:
		return 6 // "\ufffd", as zap writes what is no UTF-8
	case printable(r):
		return n
	case r > 0xffff:
		return 12
	}
	return 6
}

// cut returns s, or as much of it as is written in most bytes, with an
// ellipsis.
func cut(s string, most int) string {
	if 6*len(s) <= most {
		return s
	}
	total, end := 0, 0 // end: where s is cut if it is too long
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		total += width(r, n)
		if total <= most-len("…") {
			end = i + n
		}
		if total > most {
			return s[:end] + "…"
		}
		i += n
	}
	return s
}

// written is how many bytes s takes.
func written(s string) int {
	total := 0
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		total += width(r, n)
		i += n
	}
	return total
}

// boundStrings returns the first of list, each cut, that fit into a budget.
func boundStrings(list []string, most, budget int) []string {
	var out []string
	for _, s := range list {
		s = cut(s, most)
		if budget -= written(s) + len(`"",`); budget < 0 || len(out) == maxRequests {
			break
		}
		out = append(out, s)
	}
	return out
}

// loggedRequests are requests within their budget.
type loggedRequests []Request

// boundRequests returns the first of reqs, at most maxRequests, each cut, that
// fit into their budget.
func boundRequests(reqs []Request) loggedRequests {
	var out loggedRequests
	budget := budgetReqs
	for _, r := range reqs[:min(len(reqs), maxRequests)] {
		r = Request{cut(r.Action, maxWord), cut(r.Resource, maxResource), boundContext(r.Context)}
		if r.size() > maxRequest {
			r.Context = nil
		}
		if budget -= r.size(); budget < 0 {
			break
		}
		out = append(out, r)
	}
	return out
}

func boundContext(context map[string][]string) map[string][]string {
	if len(context) == 0 {
		return nil
	}
	out := make(map[string][]string)
	for _, k := range slices.Sorted(maps.Keys(context)) {
		switch k {
		case "aws:requestedregion", "aws:currenttime", "aws:epochtime":
			continue // every call has them, and the line has both already
		}
		if len(out) == maxContext {
			break
		}
		values := context[k]
		list := make([]string, 0, min(len(values), maxContext))
		for _, v := range values[:min(len(values), maxContext)] {
			list = append(list, cut(v, maxWord))
		}
		out[cut(k, maxWord)] = list
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// size is how many bytes r takes in a line.
func (r Request) size() int {
	n := len(`{"action":"","resource":"","context":{}},`) + written(r.Action) + written(r.Resource)
	for k, values := range r.Context {
		n += len(`"":[],`) + written(k)
		for _, v := range values {
			n += len(`"",`) + written(v)
		}
	}
	return n
}

func (l loggedRequests) MarshalLogArray(enc zapcore.ArrayEncoder) error {
	for _, r := range l {
		if err := enc.AppendObject(r); err != nil {
			return err
		}
	}
	return nil
}

// MarshalLogObject writes r as a line has it.
func (r Request) MarshalLogObject(enc zapcore.ObjectEncoder) error {
	enc.AddString("action", r.Action)
	enc.AddString("resource", r.Resource)
	if len(r.Context) == 0 {
		return nil
	}
	return enc.AddObject("context", zapcore.ObjectMarshalerFunc(func(enc zapcore.ObjectEncoder) error {
		for _, k := range slices.Sorted(maps.Keys(r.Context)) {
			zap.Strings(k, r.Context[k]).AddTo(enc)
		}
		return nil
	}))
}

// metrics are what a line tells CloudWatch.
type metrics struct {
	at time.Time
	counts
	took  float64
	timed bool // took is meant
}

// fields writes m in CloudWatch's embedded metric format: the directive under
// "_aws", and each metric's value as a member of the line. A metric that has
// no value is left out of both.
func (m *metrics) fields() []zapcore.Field {
	defined := definitions{{"Calls", "Count"}, {"Denials", "Count"}, {"Mints", "Count"}}
	values := []zapcore.Field{zap.Int("Calls", m.calls), zap.Int("Denials", m.denials), zap.Int("Mints", m.mints)}
	if len(m.mintTimes) > 0 {
		defined = append(defined, definition{"MintTime", "Milliseconds"})
		values = append(values, zap.Float64s("MintTime", m.mintTimes))
	}
	if m.timed {
		defined = append(defined, definition{"Took", "Milliseconds"})
		values = append(values, zap.Float64("Took", finite(m.took)))
	}
	directive := zapcore.ObjectMarshalerFunc(func(enc zapcore.ObjectEncoder) error {
		enc.AddString("Namespace", "Remit")
		zap.Array("Dimensions", dimensions{}).AddTo(enc)
		return enc.AddArray("Metrics", defined)
	})
	aws := zapcore.ObjectMarshalerFunc(func(enc zapcore.ObjectEncoder) error {
		enc.AddInt64("Timestamp", m.at.UnixMilli())
		zap.Array("CloudWatchMetrics", one{directive}).AddTo(enc)
		return nil
	})
	return append([]zapcore.Field{zap.Object("_aws", aws)}, values...)
}

type definition struct{ name, unit string }

type definitions []definition

func (d definitions) MarshalLogArray(enc zapcore.ArrayEncoder) error {
	for _, m := range d {
		err := enc.AppendObject(zapcore.ObjectMarshalerFunc(func(enc zapcore.ObjectEncoder) error {
			enc.AddString("Name", m.name)
			enc.AddString("Unit", m.unit)
			return nil
		}))
		if err != nil {
			return err
		}
	}
	return nil
}

// one is an array of one object.
type one struct{ zapcore.ObjectMarshaler }

func (o one) MarshalLogArray(enc zapcore.ArrayEncoder) error { return enc.AppendObject(o) }

// dimensions is [["function"]].
type dimensions struct{}

func (dimensions) MarshalLogArray(enc zapcore.ArrayEncoder) error {
	return enc.AppendArray(zapcore.ArrayMarshalerFunc(func(enc zapcore.ArrayEncoder) error {
		enc.AppendString("function")
		return nil
	}))
}
