// To publish it, give it a path of your own; go mod tidy then writes go.sum. The versions are those that CI runs.
module example.org/rapport

go 1.19

require (
	github.com/golang/protobuf v1.5.2
	google.golang.org/genproto v0.0.0-20200413115906-b5235f65be36
	google.golang.org/grpc v1.33.3
	google.golang.org/protobuf v1.28.1
)
