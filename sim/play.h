/*
 * Playing a history: a JSON object of people, devices and events, whoever wrote it (a seed's
 * planner, a shrinker, a person). docs/SIMULATOR.md states its language.
 */
#ifndef TERN_SIM_PLAY_H
#define TERN_SIM_PLAY_H

#include "sim/world.h"

/* What became of a history. */
struct sim_result {
    uint64_t hash;
    uint64_t ops;
    uint64_t faults;
    size_t events; /* played */
    char check[32];
    char failure[600];
};

/* The documents that a history names: "clinic", or a file. NULL and a message where they cannot be
 * had. Kept until the program ends. */
struct sim_document *sim_documents(const char *name, size_t *ret_count, char message[600]);

/* The world of a history before its first event; where it does not come so far, it has failed. To
 * be ended with sim_world_end. False, with the failure noted, where there is no world. */
bool sim_play_begin(struct sim_world *world, json_t *history, struct sim_result *ret_result);
/* One event, and what died of it is revived. */
void sim_play_event(struct sim_world *world, json_t *event);
/* Plays all of it; `report`, if not NULL, is filled with what a picture shows. */
void sim_play(json_t *history, struct sim_result *ret_result, json_t *report);

/* ---- Writing: write.c ---- */

/* One transaction of changes that the dice choose. */
void sim_write_anything(struct sim_device *device, uint64_t seed, unsigned changes, bool inferred);
/* One transaction of new rows of the user's own, with texts of so many bytes. */
void sim_write_much(struct sim_device *device, uint64_t seed, unsigned rows, size_t bytes);
/* One transaction of the changes that an event names. */
tern_status sim_write_rows(struct sim_device *device, json_t *rows, bool inferred);
/* The id of a row or a user that goes by this name; false where nobody does. */
bool sim_label_find(struct sim_world *world, const char *label, tern_id *ret_id);
/* From now on the row goes by this name. */
void sim_label_keep(struct sim_world *world, const char *label, const tern_id *id);
/* Brings the row of the schema's first grant between two people into its opening state, or out of
 * it. */
void sim_write_grant(struct sim_device *device, size_t subject, size_t holder, bool open);
/* The user's own row. */
void sim_write_user(struct sim_device *device);

/* ---- Judging: check.c ---- */

/* Faults stop, all sync until quiet, and every promise is looked at. */
void sim_settle(struct sim_world *world);

#endif
