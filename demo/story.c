/* The terminal shows a line an event; the file holds the same as JSON. */
#include "demo/story.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *key;
    const char *name;
    const char *colour; /* of a terminal */
} lanes[DEMO_LANES] = {
    [DEMO_OPERATOR] = {"operator", "clinic import", "35"},
    [DEMO_PHONE] = {"phone", "phone", "34"},
    [DEMO_TABLET] = {"tablet", "second phone", "36"},
    [DEMO_SERVER] = {"server", "server", "37"},
    [DEMO_DOCTOR] = {"doctor", "doctor", "32"},
};

static const struct {
    const char *kind;
    const char *sign;
    const char *colour;
} kinds[] = {
    {"edit", "*", NULL},
    {"job", "*", NULL},
    {"sync", "=", NULL},
    {"pull", "<", NULL},
    {"push", ">", NULL},
    {"offline", "o", "90"},
    {"lost", "!", "31"},
    {"twice", "!", "33"},
    {"cut", "!", "31"},
    {"clock", "!", "33"},
    {"rejected", "x", "31"},
    {"kill", "x", "31"},
    {"restart", "o", NULL},
    {"conflict", "#", "33"},
    {"reinstate", "^", NULL},
    {"discard", "-", NULL},
    {"import", "+", NULL},
    {"quiet", ".", "90"},
};

const char *demo_lane_key(enum demo_lane lane)
{
    return lanes[lane].key;
}

const char *demo_lane_name(enum demo_lane lane)
{
    return lanes[lane].name;
}

void demo_story_begin(struct demo_story *story, int64_t now_us, bool in_colour)
{
    *story = (struct demo_story){.events = json_array(),
                                 .changes = json_array(),
                                 .samples = json_array(),
                                 .start_us = now_us,
                                 .in_colour = in_colour};
}

void demo_story_scene(struct demo_story *story, const char *title)
{
    (void)json_array_append_new(story->events, json_pack("{s:s}", "scene", title));
    (void)printf(story->in_colour ? "\n\033[1m%s\033[0m\n" : "\n%s\n", title);
}

static size_t kind_at(const char *kind)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(kinds[i].kind, kind) == 0) {
            return i;
        }
    }
    return 0;
}

static void print_event(const struct demo_story *story,
                        double at,
                        enum demo_lane lane,
                        const char *kind,
                        const char *title)
{
    size_t row = kind_at(kind);

    if (!story->in_colour) {
        (void)printf("%8.3f  %-14s %s %s\n", at, lanes[lane].name, kinds[row].sign, title);
        return;
    }
    (void)printf("\033[90m%8.3f\033[0m  \033[%sm%-14s\033[0m ",
                 at,
                 lanes[lane].colour,
                 lanes[lane].name);
    if (kinds[row].colour != NULL) {
        (void)printf("\033[%sm%s %s\033[0m\n", kinds[row].colour, kinds[row].sign, title);
    } else {
        (void)printf("%s %s\n", kinds[row].sign, title);
    }
}

void demo_story_tell(struct demo_story *story,
                     int64_t now_us,
                     enum demo_lane lane,
                     const char *kind,
                     const char *title,
                     const char *detail)
{
    double at = (double)(now_us - story->start_us) / 1e6;

    (void)json_array_append_new(story->events,
                                json_pack("{s:f, s:s, s:s, s:s, s:s}",
                                          "at",
                                          at,
                                          "lane",
                                          lanes[lane].key,
                                          "kind",
                                          kind,
                                          "title",
                                          title,
                                          "detail",
                                          detail != NULL ? detail : ""));
    print_event(story, at, lane, kind, title);
    if (detail != NULL && detail[0] != '\0') {
        (void)printf(story->in_colour ? "\033[90m%26s %s\033[0m\n" : "%26s %s\n", "", detail);
    }
    (void)fflush(stdout);
}

void demo_story_change(struct demo_story *story,
                       enum demo_lane lane,
                       const char *table,
                       const char *row,
                       json_t *values)
{
    (void)json_array_append_new(story->changes,
                                json_pack("{s:s, s:s, s:s, s:o, s:I}",
                                          "lane",
                                          lanes[lane].key,
                                          "table",
                                          table,
                                          "row",
                                          row,
                                          "values",
                                          values,
                                          "after",
                                          (json_int_t)json_array_size(story->events)));
}

bool demo_story_end(struct demo_story *story, const char *path, json_t *cast)
{
    json_t *all = json_pack("{s:o, s:o, s:o, s:o}",
                            "cast",
                            cast,
                            "events",
                            story->events,
                            "changes",
                            story->changes,
                            "samples",
                            story->samples);
    bool written = all != NULL && json_dump_file(all, path, JSON_INDENT(1)) == 0;

    json_decref(all);
    return written;
}
