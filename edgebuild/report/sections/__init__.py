"""Parts of a report's page, one question each: functions of the document that give elements."""
