import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.example.rapport.Rapport;
import org.example.rapport.TokenFunction;
import org.example.rapport.v1.Customer;
import org.example.rapport.v1.DirectoryServiceGrpc;
import org.example.rapport.v1.InteractionServiceGrpc;
import org.example.rapport.v1.UpsertCustomerRequest;

/** A real server for a test; RAPPORT names its program. Started again, it has the same address and the same record. */
final class Server {
    private static final Pattern SERVING = Pattern.compile("serving address=(\\S+)");

    final Map<String, String> settings = new HashMap<>();
    String address = "127.0.0.1:0";
    private final String program = System.getenv("RAPPORT");
    private final Path directory = Files.createTempDirectory("rapport-");
    private final List<ManagedChannel> channels = new ArrayList<>();
    private Process process;

    Server() throws IOException, InterruptedException {
        start();
        var carla = Customer.newBuilder().setCustomerId("carla").setSalutation("王女士");
        DirectoryServiceGrpc.newBlockingStub(channel(this::token))
                .upsertCustomer(UpsertCustomerRequest.newBuilder().setCustomer(carla).build());
    }

    void start() throws IOException, InterruptedException {
        var log = directory.resolve("log");
        var builder = new ProcessBuilder(program, "serve", "--listen", address, "--data-dir", directory.toString());
        builder.environment().putAll(settings);
        builder.redirectOutput(ProcessBuilder.Redirect.DISCARD).redirectError(log.toFile());
        process = builder.start();
        // A test that fails before it could stop the server leaves none behind.
        Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
        while (process.isAlive()) {
            var found = SERVING.matcher(Files.readString(log));
            if (found.find()) {
                address = found.group(1);
                return;
            }
            Thread.sleep(20);
        }
        throw new IllegalStateException("the server ended before it served: " + Files.readString(log));
    }

    /** Without a word to anybody. */
    void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    void stop() throws InterruptedException {
        process.destroy();
        if (!process.waitFor(20, TimeUnit.SECONDS)) throw new IllegalStateException("the server does not stop");
    }

    io.grpc.Channel channel(TokenFunction token) {
        var channel = NettyChannelBuilder.forTarget(address).usePlaintext().build();
        channels.add(channel);
        return Rapport.over(channel, token);
    }

    InteractionServiceGrpc.InteractionServiceBlockingStub interactions(TokenFunction token) {
        return InteractionServiceGrpc.newBlockingStub(channel(token));
    }

    String token() throws IOException {
        return token("1h");
    }

    String token(String life) throws IOException {
        var command = List.of(program, "token", "--role", "app", "--subject", "desk", "--ttl", life, "--data-dir",
                directory.toString());
        return new String(new ProcessBuilder(command).start().getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                .strip();
    }

    void close() throws Exception {
        channels.forEach(ManagedChannel::shutdownNow);
        stop();
        try (var files = Files.walk(directory)) {
            for (var file : files.sorted(Comparator.reverseOrder()).toList()) Files.delete(file);
        }
    }
}
