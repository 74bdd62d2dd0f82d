/* The offline day: two phones, a doctor and a server. See scripts/demo, which prepares the folder
 * and reads the databases afterwards. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "demo/scenes.h"

enum { PATH_BYTES = 512, DOCUMENT_MAX = 1024 * 1024, ZONE_S = 7 * 3600, DAY_S = 24 * 3600 };

static char *read_document(const char *path, size_t *ret_size)
{
    char *text = malloc(DOCUMENT_MAX);
    FILE *file = fopen(path, "r");

    if (text == NULL || file == NULL) {
        (void)fprintf(stderr, "demo: %s cannot be read\n", path);
        exit(EXIT_FAILURE);
    }
    *ret_size = fread(text, 1, DOCUMENT_MAX, file);
    (void)fclose(file);
    return text;
}

static void name_people(struct demo_cast *cast)
{
    static const char *const names[] = {"0a1b0000-0000-4000-8000-00000000000a",
                                        "0a1b0000-0000-4000-8000-00000000000b",
                                        "0a1b0000-0000-4000-8000-00000000000d",
                                        "0a1b0000-0000-4000-8000-0000000000ff",
                                        "0a1b0000-0000-4000-8000-000000000a01",
                                        "0a1b0000-0000-4000-8000-000000000a02",
                                        "0a1b0000-0000-4000-8000-000000000a03"};
    tern_id *const ids[] = {&cast->patient,
                            &cast->neighbour,
                            &cast->doctor_user,
                            &cast->operator_user,
                            &cast->prescriptions[0],
                            &cast->prescriptions[1],
                            &cast->prescriptions[2]};

    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        (void)tern_id_parse(names[i], ids[i]);
    }
}

/* The day that is told is the one before this one, where the patient lives: all of it is past. */
static void choose_day(struct demo_cast *cast)
{
    int64_t local_s = demo_now_us() / 1000000 + ZONE_S - DAY_S;
    time_t midnight_s = (time_t)(local_s - local_s % DAY_S);
    struct tm parts;

    (void)gmtime_r(&midnight_s, &parts);
    (void)strftime(cast->date, sizeof(cast->date), "%Y-%m-%d", &parts);
    cast->midnight_us = ((int64_t)midnight_s - ZONE_S) * 1000000;
}

static void open_devices(struct demo_cast *cast)
{
    demo_device_open(&cast->phone, &cast->world, DEMO_PHONE, "phone", &cast->patient);
    demo_device_open(&cast->tablet, &cast->world, DEMO_TABLET, "tablet", &cast->patient);
    demo_device_open(&cast->doctor, &cast->world, DEMO_DOCTOR, "doctor", &cast->doctor_user);
}

static void tell_story(struct demo_cast *cast)
{
    demo_scene_import(cast);
    open_devices(cast);
    demo_scene_first_sync(cast);
    demo_scene_offline(cast);
    demo_scene_return(cast);
    demo_scene_power_cut(cast);
    demo_scene_decisions(cast);
    demo_scene_quiet(cast);
}

int main(int argc, char **argv)
{
    struct demo_cast cast = {0};
    char ca_file[PATH_BYTES];
    char database[PATH_BYTES];
    char story[PATH_BYTES];
    char *schema;
    bool written;

    if (argc != 6) {
        (void)fprintf(stderr, "usage: tern-demo FOLDER TERND TERN SCHEMA FHIR-FOLDER\n");
        return 2;
    }
    schema = read_document(argv[4], &cast.world.schema_size);
    (void)snprintf(ca_file, sizeof(ca_file), "%s/ca.pem", argv[1]);
    (void)snprintf(database, sizeof(database), "%s/server.db", argv[1]);
    (void)snprintf(story, sizeof(story), "%s/story.json", argv[1]);
    cast.server = (struct demo_server){.folder = argv[1], .program = argv[2], .schema = argv[4]};
    cast.tern = argv[3];
    cast.fhir = argv[5];
    cast.world.folder = argv[1];
    cast.world.ca_file = ca_file;
    cast.world.server_database = database;
    cast.world.schema = schema;
    name_people(&cast);
    choose_day(&cast);
    demo_server_start(&cast.server);
    cast.world.url = cast.server.url;
    demo_story_begin(&cast.world.story, demo_now_us(), isatty(STDOUT_FILENO) == 1);
    tell_story(&cast);
    written = demo_story_end(&cast.world.story, story, demo_cast_json(&cast));
    demo_device_close(&cast.phone);
    demo_device_close(&cast.tablet);
    demo_device_close(&cast.doctor);
    demo_server_stop(&cast.server);
    free(schema);
    return written ? 0 : 1;
}
