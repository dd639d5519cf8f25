package rapport

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"sync"
	"time"
)

// TokenFunc gives a bearer token.
type TokenFunc func(context.Context) (string, error)

const longestMargin = time.Minute

// A token that is asked for when there is none, when it is about to expire, and after the server refused it.
type renewed struct {
	give TokenFunc
	// Calls that need a new one at the same time ask once.
	mutex   sync.Mutex
	token   string
	renewAt time.Time
}

func (r *renewed) get(ctx context.Context) (string, error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.token != "" && (r.renewAt.IsZero() || time.Now().Before(r.renewAt)) {
		return r.token, nil
	}
	token, err := r.give(ctx)
	if err != nil {
		return "", err
	}
	r.token, r.renewAt = token, renewAt(token, time.Now())
	return token, nil
}

// The server did not accept this one. Another call may have brought a newer one since.
func (r *renewed) refused(token string) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if token == r.token {
		r.token = ""
	}
}

// A while before the token's exp; zero, where it does not tell.
func renewAt(token string, now time.Time) time.Time {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return time.Time{}
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	var claims struct{ Exp float64 }
	if err != nil || json.Unmarshal(payload, &claims) != nil || claims.Exp == 0 {
		return time.Time{}
	}
	expires := time.Unix(int64(claims.Exp), 0)
	margin := expires.Sub(now) / 5
	if margin > longestMargin {
		margin = longestMargin
	}
	return expires.Add(-margin)
}
