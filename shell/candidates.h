/* shell/candidates.h - the words of each kind that a command line may have: tasks, symbols, members ... */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CANDIDATES_H
#define CANDIDATES_H

#include "shell/offer.h"

void offer_commands(struct offer *offer); /* commands and aliases */
void offer_programs(struct offer *offer); /* of the shell */
void offer_topics(struct offer *offer);
void offer_aliases(struct offer *offer);
void offer_pids(struct offer *offer);
void offer_task_names(struct offer *offer);
void offer_symbols(struct offer *offer);
/* Names of types, and behind a dot or comma their members. */
void offer_structs(struct offer *offer);
void offer_unions(struct offer *offer);
void offer_types(struct offer *offer);
void offer_members(struct offer *offer); /* of the structure offer->of */
void offer_modules(struct offer *offer);
void offer_cpus(struct offer *offer);
void offer_expression(struct offer *offer); /* of C: symbols, types, members */
void offer_files(struct offer *offer);

#endif
