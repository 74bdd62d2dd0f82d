/* What tests of windows share: a patient's phone that has some, and a desk that has none. */
#ifndef TERN_TEST_SIM_WARD_H
#define TERN_TEST_SIM_WARD_H

#include "tests/sim/files.h"

#define SECOND_US INT64_C(1000000)
#define DAY_US (INT64_C(24) * 3600 * SECOND_US)

/* A patient's phone, and a desk whose document has no windows, so that it holds everything. */
struct ward {
    struct world world;
    struct device phone;
    struct device desk;
    char *whole; /* the document without windows */
};

/* The text with the first `from` in it replaced; frees the text. */
char *ward_with(char *text, const char *from, const char *to);
void ward_serve(struct ward *ward, unsigned version, int doses, int notes, int comments);
void ward_begin_with(struct ward *ward, int doses, int notes, int comments);
void ward_begin(struct ward *ward);
void ward_end(struct ward *ward);
/* A dose planned so many days before now. */
void ward_plan(struct device *device, const char *slot, int days);
void ward_set(struct device *device, const char *slot, const char *what);
/* A note of a day so many days before now, with its title as the name of its id. */
void ward_note(struct device *device, const char *title, int days);
void ward_comment(struct device *device, const char *title, const char *body);
const char *ward_slots(struct device *device);
const char *ward_titles(struct device *device);
void ward_pass_days(struct ward *ward, int days);
void ward_sync_all(struct ward *ward);
/* One sync, in whose course the app writes as soon as the server has answered. */
void ward_sync_while(struct device *device, void (*write)(struct device *device));
void ward_take_old(struct device *device);
bool ward_note_ordinal(void *context, const tern_entry *entry);
uint64_t ward_find_quarantined(struct device *device);

#endif
