package rapport

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	mathrand "math/rand"
	"regexp"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// A method whose request has no request id changes nothing if its name begins with one of these.
var reads = regexp.MustCompile(
	"/(Brief|Check|Estimate|Explain|Export|Find|Get|List|Preview|Quote|Rank|Read|Review|Suggest|Summarize)[^/]*$")

// The request with a request id wherever it lacks one, and whether the call may be repeated. The caller's own message
// stays as it is: sent again, it is another request.
func prepare(method string, request proto.Message) (proto.Message, bool) {
	prepared := proto.Clone(request)
	message := prepared.ProtoReflect()
	written := fillIn(message)
	items := message.Descriptor().Fields().ByName("requests")
	if items != nil && items.IsList() && items.Message() != nil {
		list := message.Get(items).List()
		for i := 0; i < list.Len(); i++ {
			written = fillIn(list.Get(i).Message()) || written
		}
	}
	return prepared, written || reads.MatchString(method)
}

// Whether it is a message with a request id; it has one then.
func fillIn(message protoreflect.Message) bool {
	field := message.Descriptor().Fields().ByName("request_id")
	if field == nil {
		return false
	}
	if message.Get(field).String() == "" {
		message.Set(field, protoreflect.ValueOfString(uuid7()))
	}
	return true
}

// Whether a call that may be repeated should be.
func mendable(refusal *Error) bool {
	switch refusal.Code {
	case codes.Unavailable:
		return true
	case codes.ResourceExhausted:
		return refusal.Reason == "RATE_LIMITED"
	case codes.DeadlineExceeded:
		return refusal.Info["outcome"] == "unknown"
	default:
		return false
	}
}

// Twice as long each time, half of it by chance: callers refused at once should not be back at once.
type pauses struct{ pause, longest time.Duration }

func (p *pauses) next() time.Duration {
	pause := p.pause
	if p.pause *= 2; p.pause > p.longest {
		p.pause = p.longest
	}
	return pause/2 + time.Duration(mathrand.Int63n(int64(pause/2)))
}

// Time-ordered (RFC 9562).
func uuid7() string {
	var id [16]byte
	if _, err := rand.Read(id[:]); err != nil {
		panic(err)
	}
	random := binary.BigEndian.Uint16(id[6:])
	binary.BigEndian.PutUint64(id[:], uint64(time.Now().UnixMilli())<<16|7<<12|uint64(random&0xfff))
	id[8] = id[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}
