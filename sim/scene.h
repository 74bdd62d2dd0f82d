/* Scenes of few lives: events in a row that come together too seldom where each is thrown alone. */
#ifndef TERN_SIM_SCENE_H
#define TERN_SIM_SCENE_H

#include <jansson.h>

/* Puts them in between the events of a planned history, by its seed and dice of their own, so that
 * nothing else of the life depends on them. */
void sim_scene_add(json_t *history);

#endif
