#include "sim/event.h"

#include <string.h>

const char *sim_event_text(json_t *event, const char *key)
{
    return json_string_value(json_object_get(event, key));
}

int64_t sim_event_number(json_t *event, const char *key, int64_t none)
{
    json_t *value = json_object_get(event, key);

    return json_is_integer(value) ? json_integer_value(value) : none;
}

bool sim_event_flag(json_t *event, const char *key)
{
    return json_is_true(json_object_get(event, key));
}

bool sim_event_is_server(json_t *event, const char *key)
{
    const char *name = sim_event_text(event, key);

    return name != NULL && strcmp(name, "server") == 0;
}

struct sim_device *sim_event_device(struct sim_world *world, json_t *event, const char *key)
{
    struct sim_device *device = sim_device_find(world, sim_event_text(event, key));

    return device != NULL && device->replica != NULL ? device : NULL;
}
