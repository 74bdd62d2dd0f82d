/**
 * A person's settings: language, theme, grace, time zone, meal times. They are the replica's
 * user's.
 *
 * Grace counts for doses that are scheduled from then on. After another zone or meal time,
 * tern_schedule_generate moves the doses to come. Before it, what has passed is stored as MISSED,
 * in short inferred transactions, but for doses of a zone that cannot be read here; the last
 * transaction writes the setting alone: a call that fails leaves the setting as it was, and may
 * have stored doses as what they were read as. Called again, it goes on.
 */
#ifndef TERN_SETTINGS_H
#define TERN_SETTINGS_H

#include "tern/medication/care.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum tern_language { TERN_KHMER = 0, TERN_ENGLISH = 1 } tern_language;
typedef enum tern_theme { TERN_THEME_LIGHT = 0, TERN_THEME_DARK = 1 } tern_theme;

typedef struct tern_settings {
    size_t size; /* sizeof(tern_settings), set by the caller */
    tern_language language;
    tern_theme theme;
    int32_t grace_minutes;
    char time_zone[65];
    int32_t meal_minutes[3]; /* morning, afternoon, night: of the day, presets where none is set */
} tern_settings;

/** Problem NO_PATIENT where the user's row has not been downloaded yet. */
TERN_API TERN_MUST_USE tern_status tern_settings_read(tern_care *care,
                                                      tern_settings *ret_settings,
                                                      tern_care_error *error);

/** Problems SETTING, NO_PATIENT. */
TERN_API TERN_MUST_USE tern_status tern_settings_set_language(tern_care *care,
                                                              tern_language language,
                                                              tern_care_error *error);
/** Problems SETTING, NO_PATIENT. */
TERN_API TERN_MUST_USE tern_status tern_settings_set_theme(tern_care *care,
                                                           tern_theme theme,
                                                           tern_care_error *error);
/** 10, 20, 30 or 60 minutes. Problems GRACE, NO_PATIENT. */
TERN_API TERN_MUST_USE tern_status tern_settings_set_grace(tern_care *care,
                                                           int32_t minutes,
                                                           tern_care_error *error);
/** An IANA name that the port knows; what a machine calls its own zone is none. Problems ZONE,
 * NO_PATIENT. */
TERN_API TERN_MUST_USE tern_status tern_settings_set_time_zone(tern_care *care,
                                                               const char *zone,
                                                               tern_care_error *error);
/** Texts as tern_meal_parse reads them, of at most 20 characters, kept as they are; NULL: the
 * preset. Problems MEAL_TIME, its first number saying which (0 to 2), and NO_PATIENT. */
TERN_API TERN_MUST_USE tern_status tern_settings_set_meals(tern_care *care,
                                                           const char *morning,
                                                           const char *afternoon,
                                                           const char *night,
                                                           tern_care_error *error);

#ifdef __cplusplus
}
#endif
#endif
