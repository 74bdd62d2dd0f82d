/* Our server is put to the stories of this folder, each with a database of its own. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/conformance/world.h"
#include "tests/harness/harness.h"

enum { STORIES_MAX = 128, STORIES_MIN = 25 };

static json_t *load(const char *path)
{
    json_error_t error;
    json_t *json = json_load_file(path, JSON_REJECT_DUPLICATES, &error);

    if (json == NULL) {
        fail_msg("%s:%d: %s", path, error.line, error.text);
    }
    return json;
}

static void load_schema(struct world *world)
{
    const char *path =
        trn_test_path(PROJECT_FOLDER, json_string_value(json_object_get(world->world, "schema")));
    json_t *document = load(path);
    char *text = json_dumps(document, 0);
    tern_error error = {0};

    CHECK(text != NULL);
    if (trn_schema_load(text, strlen(text), &world->schema, &error) != TERN_OK) {
        fail_msg("%s: %s", path, error.message);
    }
    free(text);
    json_decref(document);
}

static void open_world(struct world *world, const char *folder, const char *story, json_t *vector)
{
    static unsigned databases;
    struct trn_db_sqlite_options options = {.epoch = {1, 2, 3}, .unsafe_fast = true};
    char name[32];

    *world = (struct world){.story = story, .vector = vector};
    world->world = load(trn_test_path(CONFORMANCE_FOLDER, "world.json"));
    load_schema(world);
    (void)snprintf(name, sizeof(name), "%u.db", databases++);
    options.path = trn_test_path(folder, name);
    CHECK_INT(trn_db_sqlite_open(&options, world->schema, &world->db, NULL), TERN_OK);
    world->server = trn_server_new(world->db, NULL);
    CHECK(world->server != NULL);
}

static void close_world(struct world *world)
{
    trn_server_free(world->server);
    world->db->ops->close(world->db);
    trn_schema_free(world->schema);
    for (size_t i = 0; i < world->tx_count; i++) {
        trn_bytes_free(&world->txs[i].bytes);
    }
    for (size_t i = 0; i < world->device_count; i++) {
        trn_bytes_free(&world->devices[i].cursor);
    }
    json_decref(world->world);
}

static void compare_all(struct world *world)
{
    json_t *seen = json_object_get(world->vector, "seen");

    if (json_object_get(seen, "patient") == NULL) {
        world_compare(world, "patient", NULL, true);
    }
    for (void *at = json_object_iter(seen); at != NULL; at = json_object_iter_next(seen, at)) {
        world_compare(world, json_object_iter_key(at), json_object_iter_value(at), true);
    }
}

/* How many things the server did otherwise. */
static unsigned tell(const char *folder, const char *story, json_t *vector, bool quiet)
{
    struct world world;
    unsigned problems;

    open_world(&world, folder, story, vector);
    world.quiet = quiet;
    world_play(&world);
    compare_all(&world);
    problems = world.problems;
    close_world(&world);
    return problems;
}

static int is_story(const struct dirent *entry)
{
    size_t size = strlen(entry->d_name);

    return size > 5 && strcmp(entry->d_name + size - 5, ".json") == 0 &&
           strcmp(entry->d_name, "world.json") != 0;
}

TEST(our_server_does_what_every_story_says)
{
    const char *folder = trn_test_folder();
    struct dirent **entries = NULL;
    int count = scandir(CONFORMANCE_FOLDER, &entries, is_story, alphasort);
    unsigned problems = 0;

    CHECK(count >= STORIES_MIN);
    for (int i = 0; i < count; i++) {
        json_t *vector = load(trn_test_path(CONFORMANCE_FOLDER, entries[i]->d_name));

        problems += tell(folder, entries[i]->d_name, vector, false);
        json_decref(vector);
        free(entries[i]);
    }
    free(entries);
    CHECK_INT(problems, 0);
}

/* Sets a member deep in a vector: a story that expects what does not happen. */
static unsigned tell_changed(const char *folder, const char *pointer, const char *value)
{
    json_t *vector = load(trn_test_path(CONFORMANCE_FOLDER, "later-write-wins.json"));
    json_t *place = vector;
    char path[128];
    char *next = path;
    char *key;
    unsigned problems;

    (void)snprintf(path, sizeof(path), "%s", pointer);
    key = strtok_r(path, "/", &next);
    while (*next != '\0') {
        place = json_is_array(place) ? json_array_get(place, (size_t)strtoul(key, NULL, 10))
                                     : json_object_get(place, key);
        CHECK(place != NULL);
        key = strtok_r(NULL, "/", &next);
    }
    CHECK_INT(json_object_set_new(place, key, json_loads(value, JSON_DECODE_ANY, NULL)), 0);
    problems = tell(folder, "changed", vector, true);
    json_decref(vector);
    return problems;
}

TEST(a_story_that_expects_otherwise_is_seen_to_fail)
{
    const char *folder = trn_test_folder();

    CHECK_INT(tell_changed(folder, "promise", "\"the same\""), 0);
    CHECK(tell_changed(folder, "steps/0/verdicts/0/applied", "\"12:00:01\"") != 0);
    CHECK(tell_changed(folder, "after/dose/values/status", "\"DUE\"") != 0);
    CHECK(tell_changed(folder, "after/dose/values/created_at", "\"09:00:00\"") != 0);
    CHECK(tell_changed(folder, "after/dose/updated", "\"12:01:01\"") != 0);
    CHECK(tell_changed(folder, "after/dose/deleted", "\"12:01:01\"") != 0);
    CHECK(tell_changed(folder, "after/dose/by/outcome", "\"t1\"") != 0);
    CHECK(tell_changed(folder, "after/dose/inferred", "[]") != 0);
    CHECK(tell_changed(folder, "after", "{}") != 0);
    CHECK(tell_changed(folder, "audit", "[]") != 0);
    CHECK(tell_changed(folder, "audit/0/rule", "\"RANK\"") != 0);
    CHECK(tell_changed(folder, "audit/0/unit", "\"schedule\"") != 0);
    CHECK(tell_changed(folder, "audit/0/at", "\"12:01:01\"") != 0);
    CHECK(tell_changed(folder, "audit/0/lost/tx", "\"t2\"") != 0);
    CHECK(tell_changed(folder, "audit/0/lost/values", "{}") != 0);
    CHECK(tell_changed(folder, "audit/0/kept/values/skip_reason", "null") != 0);
    CHECK(tell_changed(folder,
                       "seen",
                       "{\"patient\":[\"patient\",\"prescription\",\"medication\"]}") != 0);
    CHECK(tell_changed(folder, "seen", "{\"stranger\":[\"dose\"]}") != 0);
}
