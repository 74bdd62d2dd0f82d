package org.tern;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The stories that C and Swift play, too, end with the same replicas, byte by byte. */
@Timeout(value = 900, unit = TimeUnit.SECONDS)
class SharedTest {
    @TempDir
    Path folder;

    private Object load(Replica scratch, String name) throws Exception {
        return Json.parse(scratch, new String(Files.readAllBytes(Fixture.ROOT.resolve("tests/shared/" + name)),
            StandardCharsets.UTF_8));
    }

    private void play(String file) throws Exception {
        try (Replica scratch = Fixture.open(folder)) {
            Map<String, Object> hashes = Json.object(load(scratch, "hashes.json"));
            List<Object> stories = Json.list(load(scratch, file));
            assertFalse(stories.isEmpty());
            for (Object story : stories) {
                playOne(Json.object(story), hashes);
            }
        }
    }

    private void playOne(Map<String, Object> json, Map<String, Object> hashes) throws Exception {
        String name = (String) json.get("story");
        Path own = Files.createDirectory(folder.resolve(name));
        Map<String, Object> found = new LinkedHashMap<>();
        Map<String, String> texts;
        try (Story story = new Story(own, json)) {
            texts = story.tell();
        }
        for (Map.Entry<String, String> text : texts.entrySet()) {
            found.put(text.getKey(), Story.hash(text.getValue()));
        }
        String kept = System.getProperty("tern.dumps"); // a folder to look at what differs
        if (kept != null) {
            for (Map.Entry<String, String> text : texts.entrySet()) {
                Files.write(Paths.get(kept, name + "." + text.getKey()), text.getValue().getBytes(StandardCharsets.UTF_8));
            }
        }
        assertEquals(hashes.get(name), found, name);
    }

    @Test
    void theStoriesEndWithTheReplicasThatAllLanguagesHave() throws Exception {
        play("stories.json");
    }

    @Test
    void theConformanceVectorsEndWithTheReplicasThatAllLanguagesHave() throws Exception {
        play("vectors.json");
    }
}
