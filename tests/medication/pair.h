/* Two devices of one patient and the server, in one process, with a care handle each. */
#ifndef TERN_TEST_MEDICATION_PAIR_H
#define TERN_TEST_MEDICATION_PAIR_H

#include "tern/medication/dose.h"
#include "tern/medication/prescription.h"
#include "tern/medication/schedule.h"
#include "tern/medication/settings.h"
#include "tests/sim/world.h"

struct care_device {
    struct device device;
    tern_care *care;
};

struct care_pair {
    struct world world;
    struct care_device phone;
    struct care_device tablet;
    tern_medicine medicine;
    tern_prescription prescription; /* of the medicine, for patient 'p' */
};

/* A patient 'p' whose phone and tablet have met; the true time is in the morning of 2025-11-20. */
void care_pair_begin(struct care_pair *pair);
void care_pair_end(struct care_pair *pair);
/* Until both hold the same. */
void care_pair_sync(struct care_pair *pair);
/* Another device in the world, with its handle. */
void care_device_begin(struct world *world,
                       struct care_device *device,
                       const char *name,
                       char user);
void care_device_end(struct care_device *device);
/* Makes a user of this role known, to whom the patient's record is open. */
void care_pair_open_to(struct care_pair *pair, char user, const char *role);
/* The id that the SQL quotes. */
tern_id care_pair_id(struct care_device *device, const char *sql);
/* The prescription, active, with its doses. */
tern_id care_pair_prescribe(struct care_pair *pair, struct care_device *author);

#endif
