"""Pictures in reports: functions of plain data that give an SVG element. Nothing is drawn by a script."""
