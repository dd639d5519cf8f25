// What comes with a refusal (google.rpc). Two of its messages are all that the console reads.
export { BadRequestSchema, ErrorInfoSchema } from "../gen/google/rpc/error_details_pb.ts";
