"""PUS services, one file each (ECSS-E-ST-70-41C), and this project's services 128 to 132."""
