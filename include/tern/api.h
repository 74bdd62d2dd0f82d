/** Marks what the shared library exports and which results may not be ignored. */
#ifndef TERN_API_H
#define TERN_API_H

#if defined(_WIN32)
#if defined(TERN_BUILDING)
#define TERN_API __declspec(dllexport)
#else
#define TERN_API __declspec(dllimport)
#endif
#else
#define TERN_API __attribute__((visibility("default")))
#endif

#if defined(__GNUC__) || defined(__clang__)
#define TERN_MUST_USE __attribute__((warn_unused_result))
#else
#define TERN_MUST_USE
#endif

#endif
