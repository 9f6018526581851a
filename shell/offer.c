/* shell/offer.c - what TAB found so far, and a word more of it. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/offer.h"

#include <stdlib.h>

void completion_free(struct completion *completion)
{
	for (size_t i = 0; i < completion->candidates.count; i++) {
		free(completion->candidates.items[i].word);
		free(completion->candidates.items[i].note);
	}
	vector_free(&completion->candidates);
	memset(completion, 0, sizeof(*completion));
}

void offer_word(struct offer *offer, const char *word, const char *note)
{
	if (!starts_with(word, offer->text))
		return;
	*vector_add(&offer->completion->candidates) = (struct candidate){
		.word = xstrdup(word),
		.note = note ? xstrdup(note) : NULL,
	};
}

void offer_begin_at(struct offer *offer, const char *text)
{
	completion_free(offer->completion);
	offer->completion->start = text - offer->line;
	offer->text = text;
	offer->alone = true;
}
