/// Does nothing, which the Swift compiler cannot know: what is passed to it must be computed.
void keep(const void *value);
