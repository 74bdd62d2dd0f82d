/**
 * What happened, in order: told in the terminal while it happens, and kept for the picture and for
 * the checks.
 */
#ifndef DEMO_STORY_H
#define DEMO_STORY_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

/** The lanes of the picture. */
enum demo_lane { DEMO_OPERATOR, DEMO_PHONE, DEMO_TABLET, DEMO_SERVER, DEMO_DOCTOR, DEMO_LANES };

struct demo_story {
    json_t *events;
    json_t *changes; /* every value that a device committed, for the second promise */
    json_t *samples; /* the server's stamps after each exchange, for the fifth */
    int64_t start_us;
    bool in_colour;
};

const char *demo_lane_key(enum demo_lane lane);
const char *demo_lane_name(enum demo_lane lane);

void demo_story_begin(struct demo_story *story, int64_t now_us, bool in_colour);

/** A heading of the timeline. */
void demo_story_scene(struct demo_story *story, const char *title);

/**
 * Tells one event.
 *
 * @param kind  One word that picks colour and sign, such as "edit", "sync", "lost".
 * @param title One short line.
 * @param detail A second one, or NULL.
 */
void demo_story_tell(struct demo_story *story,
                     int64_t now_us,
                     enum demo_lane lane,
                     const char *kind,
                     const char *title,
                     const char *detail);

/** Notes a committed value: `values` is a JSON object, column -> value, and taken over. */
void demo_story_change(struct demo_story *story,
                       enum demo_lane lane,
                       const char *table,
                       const char *row,
                       json_t *values);

/** Writes all of it, with the cast, to `path`; false if that failed. Frees the story. */
bool demo_story_end(struct demo_story *story, const char *path, json_t *cast);

#endif
