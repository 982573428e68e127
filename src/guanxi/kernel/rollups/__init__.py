"""Roll-ups: figures over the records that point at a record, worked out anew from these, never by differences."""
