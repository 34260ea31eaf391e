"""Figures: functions of a dataset and an axis, and how they are composed and written."""
