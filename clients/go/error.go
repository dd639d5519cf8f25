package rapport

import (
	"strings"
	"time"

	"github.com/golang/protobuf/proto"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
)

// FieldViolation is a field at fault, and the rule that it broke.
type FieldViolation struct {
	// Path from the request, for example interaction.channel.
	Field string
	// A name of ErrorReason without its prefix.
	Reason string
	// The rule, for people.
	Description string
}

// Error is what the server, or the connection to it, answered instead of a response.
type Error struct {
	Code    codes.Code
	Message string
	// A name of ErrorReason without its prefix; empty where it is not the server that speaks.
	Reason string
	// Every field at fault.
	Fields []FieldViolation
	// More about the reason, for example interaction_id with REQUEST_ID_REUSED.
	Info map[string]string
	// Before which the server does not want the call again; 0 where it does not say.
	RetryAfter time.Duration

	status *status.Status
}

// Error tells code, reason and every field at fault, a line each.
func (e *Error) Error() string {
	lines := []string{e.Code.String() + " " + e.Reason + ": " + e.Message}
	for _, one := range e.Fields {
		lines = append(lines, one.Field+" "+one.Description+" ("+one.Reason+")")
	}
	return strings.Join(lines, "\n  ")
}

// GRPCStatus lets package status read it.
func (e *Error) GRPCStatus() *status.Status { return e.status }

func explain(err error) *Error {
	if explained, ok := err.(*Error); ok {
		return explained
	}
	told := status.Convert(err)
	explained := &Error{Code: told.Code(), Message: told.Message(), status: told}
	for _, detail := range told.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			explained.Reason, explained.Info = detail.Reason, detail.Metadata
		case *errdetails.RetryInfo:
			explained.RetryAfter = detail.RetryDelay.AsDuration()
		case *errdetails.BadRequest:
			for _, one := range detail.FieldViolations {
				explained.Fields = append(explained.Fields, FieldViolation{one.Field, reasonOf(one), one.Description})
			}
		}
	}
	return explained
}

// Read from the wire: older versions of genproto do not know the field, and pass it on.
func reasonOf(violation *errdetails.BadRequest_FieldViolation) string {
	const reason protowire.Number = 3
	rest, _ := proto.Marshal(violation)
	for len(rest) > 0 {
		number, kind, length := protowire.ConsumeTag(rest)
		if length < 0 {
			break
		}
		rest = rest[length:]
		if number == reason && kind == protowire.BytesType {
			text, _ := protowire.ConsumeString(rest)
			return text
		}
		if length = protowire.ConsumeFieldValue(number, kind, rest); length < 0 {
			break
		}
		rest = rest[length:]
	}
	return ""
}
