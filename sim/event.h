/* What an event of a history says: a JSON object of a verb, `do`, and what it needs. */
#ifndef TERN_SIM_EVENT_H
#define TERN_SIM_EVENT_H

#include <jansson.h>

#include "sim/world.h"

/* NULL where there is no text. */
const char *sim_event_text(json_t *event, const char *key);
int64_t sim_event_number(json_t *event, const char *key, int64_t none);
bool sim_event_flag(json_t *event, const char *key);
bool sim_event_is_server(json_t *event, const char *key);
/* The device that an event names; a history that was shrunk may name one that is gone, and such an
 * event does nothing. */
struct sim_device *sim_event_device(struct sim_world *world, json_t *event, const char *key);

#endif
