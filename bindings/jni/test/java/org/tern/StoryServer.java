package org.tern;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The ternd of a story: its clock, its process, and requests that are handed in as they stand. */
final class StoryServer implements AutoCloseable {
    private static final Pattern WORD = Pattern.compile("\"(epoch|cursor)\":\"([^\"]*)\"");

    private final Path folder;
    private final Map<String, Object> story;
    private Process process;
    private int port;
    private String epoch = "";
    private String cursor = "";

    StoryServer(Path folder, Map<String, Object> story) {
        this.folder = folder;
        this.story = story;
    }

    void setClock(long micros) throws IOException {
        Path next = folder.resolve("clock.next");
        Files.write(next, Long.toString(micros).getBytes(StandardCharsets.US_ASCII));
        Files.move(next, folder.resolve("clock"), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    void start() throws Exception {
        start(Json.list(story.get("users")));
    }

    private void start(List<Object> arguments) throws Exception {
        List<String> command = new ArrayList<>(Arrays.asList(Fixture.ROOT.resolve("tests/shared/server").toString(),
            Fixture.BUILD.toString(), folder.toString(), (String) story.get("schema")));
        for (Object argument : arguments) {
            command.add((String) argument);
        }
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true)
            .redirectOutput(folder.resolve("server.out").toFile());
        builder.environment().remove("LD_PRELOAD");
        Path file = folder.resolve("port");
        Files.deleteIfExists(file);
        process = builder.start();
        for (int i = 0; i < 6000 && process.isAlive(); i++) {
            if (Files.exists(file) && Files.size(file) > 0) {
                port = Integer.parseInt(new String(Files.readAllBytes(file), StandardCharsets.US_ASCII).trim());
                return;
            }
            Thread.sleep(10);
        }
        throw new AssertionError("ternd does not start");
    }

    @Override
    public void close() throws InterruptedException {
        if (process != null) {
            process.destroy();
            process.waitFor(30, TimeUnit.SECONDS);
        }
    }

    String token(String user) throws IOException {
        return new String(Files.readAllBytes(folder.resolve(user + ".token")), StandardCharsets.US_ASCII).trim();
    }

    UrlTransport transport() throws Exception {
        return new UrlTransport("https://localhost:" + port, Server.trustFile(folder.resolve("ca.pem")));
    }

    /** Plays a step that is the server's; false where it is none. */
    boolean play(Map<String, Object> step) throws Exception {
        switch ((String) step.get("do")) {
            case "request":
                request(step);
                return true;
            case "erase":
                close();
                start(Arrays.asList("--erase", step.get("user")));
                return true;
            default:
                return false;
        }
    }

    private void request(Map<String, Object> step) throws Exception {
        StringBuilder body = new StringBuilder();
        for (Object line : Json.list(step.get("lines"))) {
            body.append(((String) line).replace("$epoch$", epoch).replace("$cursor$", cursor)).append('\n');
        }
        HttpTransport.Answer answer = transport().exchange(Fixture.request(Fixture.SYNC_TYPE, null, "identity",
            token((String) step.get("user")), body.toString(), 1 << 20, 60_000, false));
        String said = new String(answer.body, StandardCharsets.UTF_8);
        assertEquals((Long) step.get("status"), (long) answer.status, () -> step + " is answered " + said);
        for (Object part : Json.list(step.get("answer"))) {
            assertTrue(said.contains((String) part), () -> step + " is answered " + said);
        }
        for (Matcher word = WORD.matcher(said); word.find();) {
            if (word.group(1).equals("epoch")) {
                epoch = word.group(2);
            } else {
                cursor = word.group(2);
            }
        }
    }
}
