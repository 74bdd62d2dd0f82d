/* Plays the stories of a file through C and compares what the replicas hold with the hashes kept.
 * Usage: shared BUILD-FOLDER SOURCE-FOLDER FILE [--write]     --write keeps what came out as the
 * hashes to compare with */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "tests/shared/shared.h"

static struct story *played; /* for messages; its ternd is to be ended whatever happens */

void broken(const char *format, ...)
{
    va_list arguments;

    (void)fflush(stdout);
    (void)fprintf(stderr, "story %s: ", played == NULL ? "none" : text_of(played->json, "story"));
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    (void)fputc('\n', stderr);
    if (played != NULL) {
        stop_server(played);
    }
    exit(EXIT_FAILURE);
}

/* ---- Words of a story ---- */

const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

const char *need(const json_t *object, const char *name)
{
    const char *text = text_of(object, name);

    if (text == NULL) {
        broken("a step has no %s", name);
    }
    return text;
}

int64_t time_of(const char *text)
{
    struct tm parts = {0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &parts);
    int64_t micros = 0;

    if (rest == NULL) {
        broken("no time: %s", text);
    }
    for (int64_t unit = 100000; *rest == '.' || (*rest >= '0' && *rest <= '9'); rest++) {
        if (*rest != '.') {
            micros += (*rest - '0') * unit;
            unit /= 10;
        }
    }
    return (int64_t)timegm(&parts) * 1000000 + micros;
}

static void parse_id(const char *text, tern_id *ret_id)
{
    if (text == NULL || !tern_id_parse(text, ret_id)) {
        broken("no id: %s", text == NULL ? "(none)" : text);
    }
}

void id_of(const struct story *story, const json_t *value, tern_id *ret_id)
{
    const char *name = text_of(value, "named");

    parse_id(name == NULL ? text_of(value, "id") : text_of(story->names, name), ret_id);
}

void keep_name(struct story *story, const json_t *name, const tern_id *id)
{
    char text[TERN_ID_TEXT_BYTES];

    if (name != NULL) {
        tern_id_format(id, text);
        (void)json_object_set_new(story->names, json_string_value(name), json_string(text));
    }
}

struct device *device_of(struct story *story, const json_t *step)
{
    const char *name = need(step, "on");

    for (size_t i = 0; i < story->device_count; i++) {
        if (strcmp(story->devices[i].name, name) == 0) {
            return &story->devices[i];
        }
    }
    broken("%s is not open", name);
}

char *read_file(const char *path, size_t *ret_size)
{
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    FILE *into = open_memstream(&text, ret_size);
    char part[4096];
    size_t size;

    if (file == NULL || into == NULL) {
        broken("%s cannot be read", path);
    }
    while ((size = fread(part, 1, sizeof(part), file)) > 0) {
        (void)fwrite(part, 1, size, into);
    }
    (void)fclose(file);
    (void)fclose(into);
    return text;
}

/* ---- Ports ---- */

static int64_t wall_us(void *context)
{
    const struct device *device = context;

    return device->story->now_us + device->skew_us;
}

static int64_t monotonic_us(void *context)
{
    const struct device *device = context;

    return device->story->now_us;
}

static void boot_id(void *context, tern_id *ret_id)
{
    const struct device *device = context;

    memset(ret_id->bytes, device->boot, sizeof(ret_id->bytes));
}

/* splitmix64, its numbers from the least byte on; each call begins a new one. */
static bool fill_random(void *context, void *buffer, size_t size)
{
    struct device *device = context;
    unsigned char *bytes = buffer;
    uint64_t number = 0;

    for (size_t i = 0; i < size; i++) {
        if (i % 8 == 0) {
            device->state += UINT64_C(0x9e3779b97f4a7c15);
            number = device->state;
            number = (number ^ (number >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
            number = (number ^ (number >> 27)) * UINT64_C(0x94d049bb133111eb);
            number ^= number >> 31;
        }
        bytes[i] = (unsigned char)(number >> (8 * (i % 8)));
    }
    return true;
}

/* ---- Steps ---- */

static void play_open(struct story *story, const json_t *step)
{
    struct device *device = &story->devices[story->device_count++];
    char path[PATH_BYTES + 64];
    tern_ports ports;
    tern_replica_options options = {.size = sizeof(options), .ports = &ports};
    tern_error error;
    char *document;

    *device = (struct device){.name = need(step, "on"),
                              .story = story,
                              .user = need(step, "user"),
                              .boot = 7,
                              .state = (uint64_t)json_integer_value(json_object_get(step, "seed"))};
    tern_platform_ports(&ports);
    ports.clock = (tern_clock_port){device, wall_us, monotonic_us, boot_id};
    ports.random = (tern_random_port){device, fill_random};
    parse_id(device->user, &options.user);
    (void)snprintf(path, sizeof(path), "%s/%s", story->root, need(story->json, "schema"));
    document = read_file(path, &options.schema_size);
    options.schema = document;
    (void)snprintf(path, sizeof(path), "%s/%s.db", story->folder, device->name);
    if (tern_replica_open(path, &options, &device->replica, &error) != TERN_OK) {
        broken("%s: %s", device->name, error.message);
    }
    device->token = read_token(story, device->user);
    free(document);
}

static void judge(const json_t *step, const struct outcome *out)
{
    const char *fails = text_of(step, "fails");
    const char *found = out->status == TERN_OK ? "OK"
                        : out->error.problem != TERN_PROBLEM_NONE
                            ? tern_problem_code(out->error.problem)
                            : tern_status_code(out->status);

    if (strcmp(fails == NULL ? "OK" : fails, found) != 0) {
        char *text = json_dumps(step, JSON_COMPACT);

        broken("%s\nends with %s: %s", text, found, out->error.error.message);
    }
}

/* In the boot of a sync no clock misleads the library: it came up anew with this one. */
static void set_device_clock(struct device *device, int64_t skew_us)
{
    if (device->has_synced && skew_us != device->skew_us) {
        device->boot++;
        device->has_synced = false;
    }
    device->skew_us = skew_us;
}

static void play(struct story *story, const json_t *step)
{
    const char *what = need(step, "do");
    const char *at = text_of(step, "at");
    const char *clock = text_of(step, "clock");
    struct outcome out = {.status = TERN_OK};

    if (at != NULL) {
        set_clock(story, at);
    }
    if (play_server(story, step, what)) {
        return;
    }
    if (strcmp(what, "open") == 0) {
        play_open(story, step);
    }
    if (clock != NULL) {
        set_device_clock(device_of(story, step), time_of(clock) - story->now_us);
    }
    if (strcmp(what, "open") != 0 && !play_basic(story, step, what, &out) &&
        !play_care(story, step, what, &out)) {
        broken("there is no step %s", what);
    }
    if (strcmp(what, "sync") == 0) {
        device_of(story, step)->has_synced = true;
    }
    judge(step, &out);
}

/* ---- Hashes ---- */

static bool compare(json_t *hashes,
                    const struct story *story,
                    const char *name,
                    const char *text,
                    size_t size,
                    bool writes)
{
    char found[65];
    const char *kept = text_of(hashes, name);
    FILE *file;
    char path[PATH_BYTES + 64];

    hash(text, size, found);
    if (writes) {
        (void)json_object_set_new(hashes, name, json_string(found));
        return true;
    }
    if (kept != NULL && strcmp(kept, found) == 0) {
        return true;
    }
    (void)snprintf(path, sizeof(path), "%s/%s.dump", story->folder, name);
    file = fopen(path, "w");
    if (file != NULL) {
        (void)fwrite(text, 1, size, file);
        (void)fclose(file);
    }
    (void)fprintf(stderr,
                  "%s of %s: %s is found, %s was kept; see %s\n",
                  name,
                  text_of(story->json, "story"),
                  found,
                  kept == NULL ? "none" : kept,
                  path);
    return false;
}

static bool compare_all(struct story *story, json_t *hashes, bool writes)
{
    bool same = true;
    size_t size;

    for (size_t i = 0; i < story->device_count; i++) {
        char *text = dump(&story->devices[i], &size);

        same = compare(hashes, story, story->devices[i].name, text, size, writes) && same;
        free(text);
    }
    (void)fclose(story->told);
    return compare(hashes, story, "told", story->told_text, story->told_size, writes) && same;
}

static void end(struct story *story)
{
    for (size_t i = 0; i < story->device_count; i++) {
        tern_care_close(story->devices[i].care);
        tern_replica_close(story->devices[i].replica);
        free(story->devices[i].token);
    }
    tern_posix_zones_close(story->zones);
    json_decref(story->names);
    free(story->epoch);
    free(story->cursor);
    free(story->told_text);
}

static bool tell(const char *build,
                 const char *root,
                 const char *folder,
                 const json_t *json,
                 json_t *hashes,
                 bool writes)
{
    struct story story = {.json = json, .build = build, .root = root, .names = json_object()};
    const json_t *steps = json_object_get(json, "steps");
    const char *name = need(json, "story");
    json_t *kept = json_object_get(hashes, name);
    bool same;

    played = &story;
    if (kept == NULL) {
        kept = json_object();
        (void)json_object_set_new(hashes, name, kept);
    }
    (void)snprintf(story.folder, sizeof(story.folder), "%s/%s", folder, name);
    story.told = open_memstream(&story.told_text, &story.told_size);
    if (story.told == NULL || mkdir(story.folder, 0700) != 0) {
        broken("%s cannot be made", story.folder);
    }
    set_clock(&story, need(json_array_get(steps, 0), "at"));
    start_server(&story, NULL);
    for (size_t i = 0; i < json_array_size(steps); i++) {
        play(&story, json_array_get(steps, i));
    }
    same = compare_all(&story, kept, writes);
    stop_server(&story);
    played = NULL;
    end(&story);
    return same;
}

int main(int argc, char **argv)
{
    char folder[PATH_BYTES / 2];
    char path[PATH_BYTES];
    const char *parent = getenv("TMPDIR");
    const bool writes = argc == 5 && strcmp(argv[4], "--write") == 0;
    json_t *stories;
    json_t *hashes;
    bool same = true;

    if (argc < 4) {
        (void)fprintf(stderr, "usage: shared BUILD-FOLDER SOURCE-FOLDER FILE [--write]\n");
        return 2;
    }
    (void)
        snprintf(folder, sizeof(folder), "%s/tern-shared-XXXXXX", parent == NULL ? "/tmp" : parent);
    (void)snprintf(path, sizeof(path), "%s/tests/shared/hashes.json", argv[2]);
    stories = json_load_file(argv[3], 0, NULL);
    hashes = json_load_file(path, 0, NULL);
    if (mkdtemp(folder) == NULL || !json_is_array(stories) || json_array_size(stories) == 0 ||
        hashes == NULL) {
        broken("%s: no stories, or %s: no hashes", argv[3], path);
    }
    for (size_t i = 0; i < json_array_size(stories); i++) {
        same = tell(argv[1], argv[2], folder, json_array_get(stories, i), hashes, writes) && same;
    }
    if (writes && json_dump_file(hashes, path, JSON_INDENT(2) | JSON_SORT_KEYS) != 0) {
        broken("%s cannot be written", path);
    }
    (void)printf("%zu stories\n", json_array_size(stories));
    json_decref(stories);
    json_decref(hashes);
    if (!same) {
        (void)fprintf(stderr,
                      "where that is meant: %s %s %s %s --write, and say why in the commit\n",
                      argv[0],
                      argv[1],
                      argv[2],
                      argv[3]);
    }
    if (same && !writes) {
        (void)snprintf(path, sizeof(path), "rm -rf '%s'", folder);
        same = system(path) == 0;
    }
    return same ? 0 : 1;
}
