package org.tern;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A Java machine of its own, with every call of JNI checked: what it says is said here, too, where `run` looks for warnings. */
final class Child {
    private Child() {}

    /** What a program, given `input`, says until its good end. */
    static String run(String input, String main, Object... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(Arrays.asList(
            Paths.get(System.getProperty("java.home"), "bin", "java").toString(), "-Xcheck:jni", "-Dfile.encoding=UTF-8",
            "-Djava.library.path=" + System.getProperty("java.library.path"),
            "-cp", System.getProperty("java.class.path"), main));
        for (Object argument : arguments) {
            command.add(argument.toString());
        }
        Process child = new ProcessBuilder(command).redirectErrorStream(true).start();
        try (OutputStream in = child.getOutputStream()) {
            in.write(input.getBytes(StandardCharsets.UTF_8));
        }
        String said;
        try (InputStream out = child.getInputStream()) {
            said = new String(out.readAllBytes(), StandardCharsets.UTF_8);
        }
        System.out.println("\n" + said);
        assertEquals(0, child.waitFor(), said);
        return said;
    }
}
