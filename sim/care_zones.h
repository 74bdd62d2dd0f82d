/* The zones of simulated lives: a few, by their present rules, the same on every machine. */
#ifndef TERN_SIM_CARE_ZONES_H
#define TERN_SIM_CARE_ZONES_H

#include "tern/medication/zone.h"

extern const tern_zone_port sim_zones;

/* The local date of a moment, as YYYY-MM-DD; `days` later, in the zone of that name; UTC's
 * where there is none. */
void sim_zones_date(const char *name, int64_t utc_us, int days, char ret_date[11]);
/* The name of the nth, wrapping round. */
const char *sim_zones_name(unsigned nth);

#endif
