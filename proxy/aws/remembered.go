package aws

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
)

// Some calls name what they are about by an id that an earlier call was answered
// with, and by nothing else: a shard iterator, the id of a query, a ciphertext.
// What such an id is of can be read in no request. But the answers pass here, so
// that it is known of ids that were issued in this sandbox: they are remembered,
// each with the resource of the call that they answered. What is not remembered
// is as it was, a resource that the call does not tell.
//
// Nothing is granted by being remembered. The resource is one that the manifest
// granted to the call that the id was issued to, and the call that carries the
// id has to be granted its own action there. The session policy then names that
// resource, so that a memory which were wrong ends in AWS's own denial.

// maxRemembered is how many ids are remembered. With an ARN each, of a hundred
// bytes, they take a megabyte; a consumer of two hundred shards has two hundred
// at a time.
const maxRemembered = 4096

// maxResources is how long the ARNs may be that one id is remembered with. A
// query over fifty log groups is the longest that is known.
const maxResources = 8 << 10

// A digest stands for an id. Ids are secrets, some of kilobytes.
type digest [16]byte

// A memory is an id and what it is of.
type memory struct {
	id           digest
	resources    string // ARNs, a line each; empty: it was issued for several things
	until        time.Time
	newer, older *memory
}

// remembered are the ids that were issued. Its zero value has none.
type remembered struct {
	mu   sync.Mutex
	seed [32]byte // of the digests: nobody else can tell which ids have one
	ids  map[digest]*memory
	// The ends of a list, in the order of their last use.
	newest, oldest *memory
}

// seeded returns the seed, which is made when the first id is seen.
func (m *remembered) seeded() [32]byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ids == nil {
		rand.Read(m.seed[:])
		m.ids = make(map[digest]*memory)
	}
	return m.seed
}

// digest returns what stands for an id of a kind that is good in one region for
// one principal: the function, whose account does not change, or a role, whose
// ARN says its account.
func (m *remembered) digest(call *proxy.Call, kind idKind, id string) (d digest) {
	seed := m.seeded()
	var room [8]byte
	h := sha256.New()
	h.Write(seed[:])
	for _, part := range []string{call.Service, string(kind), call.Region, call.Principal, id} {
		h.Write(binary.BigEndian.AppendUint64(room[:0], uint64(len(part))))
		io.WriteString(h, part)
	}
	copy(d[:], h.Sum(nil))
	return d
}

// put remembers that an id is of resources until a time. One that was issued
// for something else before is of neither: whoever carries it is not known to
// mean the one or the other.
func (m *remembered) put(id digest, resources string, now, until time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ids == nil {
		return // no digest was made here
	}
	e := m.ids[id]
	switch {
	case e == nil:
		if len(m.ids) == maxRemembered {
			m.drop(m.oldest)
		}
		e = &memory{id: id, resources: resources}
		m.ids[id] = e
		m.front(e)
	case now.After(e.until):
		e.resources = resources
	case e.resources != resources:
		e.resources = ""
	}
	e.until = until
	m.use(e)
}

// get returns the resources of an id, if they are known.
func (m *remembered) get(id digest, now time.Time) (resources string, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.ids[id]
	if e == nil {
		return "", false
	}
	if now.After(e.until) {
		m.drop(e)
		return "", false
	}
	m.use(e)
	return e.resources, e.resources != ""
}

func (m *remembered) use(e *memory) {
	if m.newest != e {
		m.unlink(e)
		m.front(e)
	}
}

func (m *remembered) drop(e *memory) {
	m.unlink(e)
	delete(m.ids, e.id)
}

func (m *remembered) front(e *memory) {
	e.older, e.newer = m.newest, nil
	if m.newest != nil {
		m.newest.newer = e
	} else {
		m.oldest = e
	}
	m.newest = e
}

func (m *remembered) unlink(e *memory) {
	if e.newer != nil {
		e.newer.older = e.older
	} else {
		m.newest = e.older
	}
	if e.older != nil {
		e.older.newer = e.newer
	} else {
		m.oldest = e.newer
	}
}

// recall gives the requests of a call that carries ids the resources that these
// are of, if all of them are remembered. It returns the ids.
func (c *Cloud) recall(in *input, call *proxy.Call) []digest {
	with := carrierOf(call.Service, call.Operation)
	if with.kind == "" {
		return nil
	}
	texts, ok := in.carried(with)
	if !ok {
		return nil
	}
	now := c.now()
	ids, known := make([]digest, len(texts)), true
	var resources []string
	for i, id := range texts {
		ids[i] = c.remembered.digest(call, with.kind, id)
		found, ok := c.remembered.get(ids[i], now)
		known = known && ok
		for arn := range strings.Lines(found) {
			if arn = strings.TrimSuffix(arn, "\n"); !slices.Contains(resources, arn) {
				resources = append(resources, arn)
			}
		}
	}
	if !known || len(resources) == 0 {
		return ids
	}
	action := with.actionOf(call)
	var all []manifest.Request
	for _, r := range call.Requests {
		if r.Action != action || r.Resource != "*" {
			all = append(all, r)
			continue
		}
		for _, arn := range resources {
			r.Resource, r.Partly, r.Context = arn, false, maps.Clone(r.Context)
			all = append(all, r)
		}
	}
	call.Requests = all
	return ids
}
